// @name@ as its clients see it, over a real endpoint, and killed.
#include <@name@.h>
#include <stage_case.h>

using namespace eft;
using namespace eft::test;

namespace {

struct Scene {
    Stage& stage;
    Program& server = stage.serve<@name@::Server>("@name@", @name@::kLayoutVersion);
    @name@::@Name@Client<> anna{stage.connect(server, Badge{7})}, bert{stage.connect(server, Badge{8})};
};

}  // namespace

STAGE_CASE(Scene, "each client has a sum of its own, and there is one of all") {
    CHECK(anna.add({3})->own == 3);
    CHECK(bert.add({4})->own == 4);
    const auto sums = anna.add({5});
    REQUIRE(sums.ok());
    CHECK(sums->own == 8);
    CHECK(sums->all == 12);
}

TEST_CASE("whenever the server dies, each amount counts once") {
    const Deaths deaths = die_everywhere([](Stage& stage, Death death) {
        Scene scene{stage};
        scene.server.die(death);
        for (int i = 0; i < 3; ++i) REQUIRE(scene.anna.add({1}).ok());  // the stub repeats it
        CHECK(scene.anna.get()->own == 3);
        CHECK(scene.bert.get()->all == 3);
        return scene.server.deaths == 1;
    });
    CHECK(deaths.system_calls > 4);
    CHECK(deaths.stores > 20);
}
