// `once` when caller, server or both die: one effect for each call that the caller has acknowledged to itself.
#include "bank.h"

#include <random>

using namespace eft;
using namespace eft::test;

namespace {

// What the caller keeps in its own state region: it writes the number before it calls, and the result behind it.
struct Kept {
    u16 number = 0;
    bool pending = false;
    u64 acknowledged = 0;
    u64 last = 0;
};

// One life of the caller, which ends at one of these places.
enum class End { Never, BeforeCall, AfterCall };

void live(BankScene& scene, Kept& kept, End end) {
    BankClient client = scene.client(11);
    if (!kept.pending) {
        ++kept.number;
        kept.pending = true;
    }
    client.set_sequence(static_cast<u16>(kept.number - 1));
    if (end == End::BeforeCall) return;
    const auto answer = client.receipt({1});
    if (answer.error() == Error::ServiceFailed) return;  // nothing has happened; repeated by the next life
    REQUIRE(answer.ok());
    CHECK(client.sequence() == kept.number);
    if (end == End::AfterCall) return;
    CHECK(answer->own == kept.last + 1);
    kept.last = answer->own;
    kept.pending = false;
    ++kept.acknowledged;
}

}  // namespace

STAGE_CASE(BankScene, "caller, server and both are killed, anywhere: exactly one effect for each acknowledged call") {
    std::mt19937 random(7);
    Kept kept;
    unsigned callers = 0;
    for (unsigned round = 0; round < 4000; ++round) {
        const End end = static_cast<End>(random() % 3);
        callers += end != End::Never;
        if (random() % 2) bank.die({random() % 4 ? At::Store : At::SystemCall, random() % 40});
        if (random() % 16 == 0) stage.kill(bank);
        live(*this, kept, end);
    }
    while (kept.pending) live(*this, kept, End::Never);
    CHECK(bank.deaths > 1000);
    CHECK(callers > 1000);
    CHECK(kept.acknowledged > 500);
    CHECK(client(12).deposit({0})->total == kept.acknowledged);
}
