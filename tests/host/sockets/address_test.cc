// Addresses: each form that RFC 4291 has, what RFC 5952 makes of it, and what is no address.
#include <eft/socket/address.h>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>

using namespace eft;
using namespace eft::socket;

namespace {

// As it is printed; empty: it is no address.
std::string canonical(std::string_view text) {
    const Result<Address> address = parse_address(text);
    if (!address.ok()) {
        CHECK(address.error() == Error::InvalidArgument);
        return {};
    }
    return std::string(to_text(*address).view());
}
std::string canonical_endpoint(std::string_view text) {
    const Result<Endpoint> endpoint = parse_endpoint(text);
    return endpoint.ok() ? std::string(to_text(*endpoint).view()) : std::string();
}

}  // namespace

TEST_CASE("IPv4 is four decimal numbers") {
    for (const char* text : {"0.0.0.0", "255.255.255.255", "10.0.2.15", "192.0.2.1"}) CHECK(canonical(text) == text);
    for (const char* text : {"", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3", "256.0.0.1", "1.2.3.256", "01.2.3.4",
                             "1.2.3.04", "0x1.2.3.4", "-1.2.3.4", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1,2,3,4", "1.2.3.4294967297", "a.b.c.d"})
        CHECK_MESSAGE(canonical(text) == "", text);
    CHECK(canonical(std::string_view("1.2.3.4\0", 8)) == "");
    CHECK(parse_address("1.2.3.4")->low == 0x0403'0201'ffff'0000);
    CHECK(parse_address("1.2.3.4")->high == 0);
    CHECK(is_ipv4(*parse_address("1.2.3.4")));
    CHECK(!is_ipv4(*parse_address("::1.2.3.4")));
    CHECK(!is_ipv4(*parse_address("1::ffff:1.2.3.4")));
}

TEST_CASE("IPv6 in the forms of RFC 4291 is printed as RFC 5952 has it") {
    const std::pair<const char*, const char*> forms[] = {
        {"2001:0DB8:0000:0000:0008:0800:200C:417A", "2001:db8::8:800:200c:417a"},
        {"FF01:0:0:0:0:0:0:101", "ff01::101"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"1::8", "1::8"},
        {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
        {"::FFFF:129.144.52.38", "129.144.52.38"},
        {"0:0:0:0:0:ffff:8190:3426", "129.144.52.38"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},        // one group is not shortened
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},       // the longest run
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},  // the first of two
        {"1:0:0:2:3:0:0:0", "1:0:0:2:3::"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (const auto& [text, printed] : forms) {
        CHECK_MESSAGE(canonical(text) == printed, text);
        CHECK(canonical(printed) == printed);
    }
    const AddressBytes bytes = bytes_of(*parse_address("2001:db8::1"));
    CHECK(bytes == AddressBytes{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(same(address_of(bytes), *parse_address("2001:db8::1")));
}

TEST_CASE("what is no IPv6 address") {
    for (const char* text : {":", ":::", "::::", "1:", ":1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8:9",
                             "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1::2::3", "1:::2", "12345::", "g::", "::-1", ":: ", " ::", "[::1]",
                             "fe80::1%eth0", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.256", "::1.2.3.4.5", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:01.2.3.4"})
        CHECK_MESSAGE(canonical(text) == "", text);
}

TEST_CASE("with a port") {
    for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:65535", "[::]:1"}) CHECK(canonical_endpoint(text) == text);
    CHECK(canonical_endpoint("[::ffff:10.0.2.2]:53") == "10.0.2.2:53");
    CHECK(parse_endpoint("10.0.2.2:443")->port == 443);
    for (const char* text : {"", ":", "80", ":80", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:080", "192.0.2.1:99999999999", "192.0.2.1:-1",
                             "::1:80", "2001:db8::1", "[::1]", "[::1]80", "[::1]:", "[]:80", "[192.0.2.1]:80", "[[::1]]:80", "[::1:80", "::1]:80"})
        CHECK_MESSAGE(canonical_endpoint(text) == "", text);
}

TEST_CASE("whatever is printed is read as the same address") {
    std::mt19937_64 random(7);
    for (unsigned i = 0; i < 20'000; ++i) {
        AddressBytes bytes{};
        for (unsigned group = 0; group < 8; ++group) {
            if (random() % 2 == 0) continue;
            bytes[2 * group] = static_cast<u8>(random() % 2 == 0 ? random() : 0);
            bytes[2 * group + 1] = static_cast<u8>(random());
        }
        const Address address = address_of(bytes);
        const AddressText text = to_text(address);
        REQUIRE(!text.cut());
        const Result<Address> again = parse_address(text);
        REQUIRE(again.ok());
        REQUIRE(same(*again, address));
        const auto endpoint = parse_endpoint(to_text(Endpoint{address, 65535}));
        REQUIRE(endpoint.ok());
        REQUIRE(same(endpoint->address, address));
    }
}

TEST_CASE("any text is an address or none") {
    constexpr std::string_view kCharacters = "0123456789abcdefF:.:.[]% ";
    std::mt19937_64 random(8);
    unsigned addresses = 0;
    for (unsigned i = 0; i < 200'000; ++i) {
        std::string text(random() % 20, ' ');
        for (char& character : text) character = kCharacters[random() % (random() % 2 == 0 ? 5 : kCharacters.size())];
        if (random() % 2 == 0) text.insert(random() % (text.size() + 1), "::");
        if (const Result<Address> address = parse_address(text); address.ok()) {
            ++addresses;
            REQUIRE(same(*parse_address(to_text(*address)), *address));
        }
        static_cast<void>(parse_endpoint(text));
    }
    CHECK(addresses > 100);
}

TEST_CASE("errors in words") {
    CHECK(error_text(to_error(Failure::ConnectionRefused)) == "connection refused");
    CHECK(error_text(Error::ServiceHeld) == "service held");
}
