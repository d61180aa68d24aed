/* Replays a kept corpus through a fuzz target, for builds without libFuzzer.
 *
 * Usage: fuzz_NAME FOLDER_OR_FILE... A folder is read one level deep. What once broke the
 * target therefore runs in every ctest, under any compiler and sanitizer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1L << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target gets a block of the exact size, so that a read past its end is seen. */
static int replay_bytes(FILE *f, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    if (!data)
        return -1;
    int rc = fread(data, 1, size, f) == size ? 0 : -1;
    if (rc == 0)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return rc;
}

static int replay_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0 || st.st_size > INPUT_MAX ||
        replay_bytes(f, (size_t)st.st_size) != 0) {
        perror(path);
        if (f)
            fclose(f);
        return -1;
    }
    fclose(f);
    return 1;
}

/* The number of inputs replayed, or -1 after saying why. */
static int replay_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        perror(path);
        return -1;
    }
    int done = 0;
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
        struct stat st;
        if (done >= 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
            done = replay_file(file) < 0 ? -1 : done + 1;
        free(names[i]);
    }
    free(names);
    return done;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int n = stat(argv[i], &st) == 0 && S_ISREG(st.st_mode) ? replay_file(argv[i])
                                                               : replay_folder(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
