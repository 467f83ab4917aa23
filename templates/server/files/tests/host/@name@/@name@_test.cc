// The logic of @name@, called in process, and killed.
#include <@name@.h>
#include <local_service.h>

using namespace eft;
using namespace eft::test;

namespace {

struct World {
    LocalService<@name@::Server> service{@name@::kLayoutVersion};
    ClientOf<@name@::@Name@Client, @name@::Server> anna{service, Badge{7}}, bert{service, Badge{8}};
};

}  // namespace

TEST_CASE_FIXTURE(World, "each client has a sum of its own, and there is one of all") {
    CHECK(anna.add({3})->own == 3);
    CHECK(bert.add({4})->own == 4);
    const auto sums = anna.add({5});
    REQUIRE(sums.ok());
    CHECK(sums->own == 8);
    CHECK(sums->all == 12);
}

TEST_CASE_FIXTURE(World, "whenever the server dies, each amount counts once") {
    for (const Death death : {Death::BeforeAnswer, Death::AfterAnswer}) {
        service.die_in_next_call(death);
        REQUIRE(anna.add({1}).ok());
    }
    CHECK(service.deaths() == 2);
    CHECK(anna.get()->own == 2);
    CHECK(anna.get()->all == 2);
}
