#include "io/noise.h"

bool noise_look(struct noise *n, uint16_t good, uint16_t broken, mono_us now)
{
    unsigned more = (uint16_t)(broken - n->broken);
    bool heard = good != n->good;

    n->good = good;
    n->broken = broken;
    if (heard) {
        n->run = 0;
        n->only = false;
        return false;
    }
    if (!more)
        return false;
    if (!n->run)
        n->since = now;
    n->run += more;
    n->only = n->run >= NOISE_FRAMES && now - n->since >= NOISE_FOR;
    if (!n->only || now < n->silent_until)
        return false;
    n->silent_until = now + NOISE_TELL_EVERY;
    return true;
}
