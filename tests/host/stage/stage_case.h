// A test case that is a program on a Stage (stage.h). The Scene is made there, and the case's body runs as its member:
//
//   struct Scene {
//       Stage& stage;
//       Program& service = stage.serve<tally::Server>("tally", tally::kLayoutVersion);
//       tally::TallyClient<> anna{stage.connect(service, Badge{7})};
//   };
//   STAGE_CASE(Scene, "a sum grows") { CHECK(anna.add({3})->own == 3); }
#pragma once

#include "stage.h"

#include <doctest/doctest.h>

namespace eft::test {

struct Deaths {
    u64 system_calls = 0, stores = 0;
};

// Runs the scene, bool(Stage&, Death), on a Stage of its own for each system call, and then each store, at which somebody can
// die (program.die(death)), until it answers that nobody did. `steps`: for each so manyth of them.
template <class Scene>
Deaths die_everywhere(Scene scene, Deaths steps = {1, 1}) {
    const auto deaths_at = [&scene](At at, u64 step) {
        for (u64 nth = 0;; nth += step) {
            CAPTURE(nth);
            Stage stage;
            bool died = false;
            stage.run_test([&] { died = scene(stage, Death{at, nth}); });
            if (!died) return nth;
        }
    };
    return {deaths_at(At::SystemCall, steps.system_calls), deaths_at(At::Store, steps.stores)};
}

}  // namespace eft::test

#define EFT_STAGE_CASE(Scene, Case, name)                   \
    namespace {                                             \
    struct Case : Scene {                                   \
        void run_case();                                    \
    };                                                      \
    }                                                       \
    TEST_CASE(name) {                                       \
        ::eft::test::Stage stage;                           \
        stage.run_test([&stage] { Case{{stage}}.run_case(); }); \
    }                                                       \
    void Case::run_case()
#define STAGE_CASE(Scene, name) EFT_STAGE_CASE(Scene, DOCTEST_ANONYMOUS(eft_stage_case_), name)
