#include <net/fixed_address.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::net;

namespace {

u32 network(u32 a, u32 b, u32 c, u32 d) { return a | b << 8 | c << 16 | d << 24; }

}  // namespace

TEST_CASE("the manifest's argument for a card is its address, and what is left out is not there") {
    const auto all = fixed_address("loud ethernet/1=10.0.0.1/8 ethernet/0=192.0.2.10/25,192.0.2.1,198.51.100.53", "ethernet/0");
    REQUIRE((all.ok() && all->has_value()));
    CHECK((**all).address == network(192, 0, 2, 10));
    CHECK((**all).mask == network(255, 255, 255, 128));
    CHECK((**all).gateway == network(192, 0, 2, 1));
    CHECK((**all).name_server == network(198, 51, 100, 53));
    const auto one = fixed_address("ethernet/0=10.0.0.1/8", "ethernet/0");
    REQUIRE((one.ok() && one->has_value()));
    CHECK((**one).mask == network(255, 0, 0, 0));
    CHECK((**one).gateway == 0);
    CHECK((**one).name_server == 0);
    for (const char* others : {"", "ethernet/1=10.0.0.1/8", "kill"}) {
        const auto none = fixed_address(others, "ethernet/0");
        REQUIRE(none.ok());
        CHECK(!none->has_value());
    }
}

TEST_CASE("one that cannot be right is refused") {
    for (const char* wrong : {"", "10.0.0.1", "10.0.0.1/", "10.0.0.1/0", "10.0.0.1/32", "10.0.0.1/x", "10.0.0/8", "0.0.0.0/8", "fe80::1/64", "10.0.0.1/8,", "10.0.0.1/8,11.0.0.1",
                              "10.0.0.1/8,10.0.0.2,", "10.0.0.1/8,10.0.0.2,x", "10.0.0.1/8,10.0.0.2,10.0.0.3,10.0.0.4"}) {
        CAPTURE(wrong);
        CHECK(fixed_address("ethernet/0=" + std::string(wrong), "ethernet/0").error() == Error::InvalidArgument);
    }
}
