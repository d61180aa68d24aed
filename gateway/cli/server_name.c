#include "cli/server_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A number from 1 to 65535, or a word: the name of a service, looked up later. libc takes a number
 * beyond for its low 16 bits. */
static bool is_port(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (isalpha((unsigned char)*text))
        return true;
    return isdigit((unsigned char)*text) && !*end && n >= 1 && n <= 65535;
}

/* A bare IPv6 address has several colons and no port. */
bool server_name_parse(const char *text, struct server_name *at)
{
    const char *end = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strrchr(end ? end : text, ':');
    size_t n;

    if (!end && colon && strchr(text, ':') != colon)
        colon = NULL;
    text += end ? 1 : 0;
    n = end ? (size_t)(end - text) : colon ? (size_t)(colon - text) : strlen(text);
    if (n == 0 || n >= sizeof(at->host) || (end && end[1] && colon != end + 1))
        return false;
    memcpy(at->host, text, n);
    at->host[n] = '\0';
    if (!colon)
        return true;
    if (!is_port(colon + 1) || strlen(colon + 1) >= sizeof(at->port))
        return false;
    strcpy(at->port, colon + 1);
    return true;
}

bool server_unit_parse(const char *text, int *unit)
{
    char *end;
    long v = strtol(text, &end, 10);

    *unit = (int)v;
    return end != text && !*end && v >= 0 && v <= 247;
}
