/* The end of the process and, with on_stop = silent, its quick return: an update must not black out
 * a house. The note is one number: the moment in ms, and both limits in A. The clock of the notes
 * goes on over a restart of the process, and not over one of the machine: a note from the future is
 * of another life. */
#include "hub/parts.h"

#define WARM MONO_S(15)
#define AMPERE_BITS 12
#define AMPERE_MASK ((UINT64_C(1) << AMPERE_BITS) - 1)

static uint64_t ampere(int64_t mA)
{
    return (uint64_t)clamp64(mA / 1000, 0, (int64_t)AMPERE_MASK);
}

/* Called before the limits go to zero. */
void stop_note(struct hub *hub)
{
    if (hub->rules.stop_silent && hub_current_allowed(hub->supervisor.state))
        hub->stopped_note = (hub->now / 1000) << (2 * AMPERE_BITS) |
                            ampere(hub->limits.ccl.value) << AMPERE_BITS |
                            ampere(hub->limits.dcl.value);
}

void stop_take_back(struct hub *hub, uint64_t note)
{
    mono_us then = MONO_MS(note >> (2 * AMPERE_BITS));

    hub->stopped_note = 0; /* it counts once */
    if (!note || !hub->rules.stop_silent || then > hub->now || hub->now - then >= WARM)
        return;
    hub->warm_until = then + WARM;
    hub->warm_ccl_mA = (int64_t)(note >> AMPERE_BITS & AMPERE_MASK) * 1000;
    hub->warm_dcl_mA = (int64_t)(note & AMPERE_MASK) * 1000;
}

/* When the hub begins to run: its limits need not rise from zero. They are lowered by everything
 * that lowers limits, as always. */
void stop_warm_start(struct hub *hub)
{
    struct limits_memory *mem = &hub->limits_memory;

    if (hub->now >= hub->warm_until || !hub->supervisor.started_up)
        return;
    hub->warm_until = 0;
    mem->ccl.hold_until = mem->dcl.hold_until = hub->now;
    mem->ccl.out = hub->warm_ccl_mA;
    mem->dcl.out = hub->warm_dcl_mA;
}
