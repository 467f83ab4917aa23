// Old and new generations of a table understand each other: what is absent reads as its default, what is unknown is
// ignored, also where a tail begins in between.
#include <eft/idl/shapes.h>
#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test::shapes;

namespace {

template <class To, class From>
Result<To> across(const From& message, Utcb& page) {
    ipc::Registers registers;
    for (u64& word : registers.w) word = 0xdead;
    ipc::MessageWriter<From> out(registers, page);
    message.encode(out);
    registers.tag = out.tag(0);
    ipc::ReceivedCaps none;
    ipc::MessageReader<To> in(registers, page, none);
    if (!in.open() || !To::check(in)) return Error::BadMessage;
    return To::load(in);
}

Utcb dirty_page() {
    Utcb page;
    for (u64& word : page.words) word = 0xbad;
    return page;
}

}  // namespace

TEST_CASE("old to new: absent fields are defaults") {
    Utcb page = dirty_page();
    auto got = across<New>(Old{.a = 1, .b = 2, .c = 3, .d = 4, .e = 5}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 1);
    CHECK(got->e == 5);
    CHECK(got->f == 77);
    CHECK(got->g == Color::Blue);
    CHECK(got->h == 0);
}

TEST_CASE("new to old: unknown fields are ignored") {
    Utcb page = dirty_page();
    auto got = across<Old>(New{.a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6, .h = 8}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 1);
    CHECK(got->e == 5);
}

TEST_CASE("old to new with a tail: the tail is not taken for fields, in registers or behind them") {
    for (std::string_view text : {"", "x", "a text that is longer than four words !"}) {
        Utcb page = dirty_page();
        auto got = across<NewText>(OldText{.a = 9, .text = text}, page);
        REQUIRE(got.ok());
        CHECK(got->a == 9);
        CHECK(got->text == text);
        CHECK(got->b == 5);
        CHECK(got->c == 0);
        CHECK(got->d == 0);
        CHECK(got->e == 6);
        CHECK(got->more.empty());
    }
}

TEST_CASE("new to old with a tail: known strings are found") {
    Utcb page = dirty_page();
    auto got =
        across<OldText>(NewText{.a = 9, .text = "known", .b = 1, .c = 2, .d = 3, .e = 4, .more = "unknown"}, page);
    REQUIRE(got.ok());
    CHECK(got->a == 9);
    CHECK(got->text == "known");
}

// The same interface in two generations, one in a namespace of its own, as two releases of the system have it.
namespace {

template <class Table>
struct LinkMethod {
    using Request = Table;
    using Response = Table;
    static constexpr u16 kOrdinal = 1;
    static constexpr u32 kLabel = make_label(60009, kOrdinal);
    static constexpr ipc::Carrier kCarrier = ipc::Carrier::Call;
    static constexpr ipc::Restart kRestart = ipc::Restart::Retry;
    static constexpr bool kOnce = false;
    static constexpr bool kForgottenSession = false;
    static constexpr u64 kWithinNs = 0;
    static constexpr unsigned kInflight = 0;

    template <class Server>
    static auto handle(Server& server, ipc::Context&, Table& request) {
        return server.link(request);
    }
};
template <class Table>
struct Link {
    template <class Server>
    static ipc::Outcome dispatch(Server& server, ipc::Context& context, ipc::IncomingMessage& message) {
        return ipc::serve<LinkMethod<Table>>(server, context, message);
    }
};
template <class Table>
struct LinkServer {
    Table seen{};
    Result<Table> link(const Table& request) { return seen = request; }
};
template <class Table, class Transport>
struct LinkClient : ipc::Client<Transport> {
    using ipc::Client<Transport>::Client;
    Result<Table> link(const Table& request) {
        return ipc::Client<Transport>::template call<LinkMethod<Table>>(request);
    }
};

template <class ServersTable, class ClientsTable>
struct Generations {
    using Local = ipc::LocalServer<Link<ServersTable>, LinkServer<ServersTable>>;
    LinkServer<ServersTable> server;
    Local local{server};
    LinkClient<ClientsTable, ipc::LocalTransport<Local>> client{local, Badge{1}};
};

}  // namespace

TEST_CASE("an old client and a new server: what the client does not send is a default, what it does not know is lost") {
    Generations<New, Old> world;
    Result<Old> answer = world.client.link({.a = 1, .b = 2, .c = 3, .d = 4, .e = 5});
    REQUIRE(answer.ok());
    CHECK(world.server.seen.e == 5);
    CHECK(world.server.seen.f == 77);
    CHECK(world.server.seen.g == Color::Blue);
    CHECK(world.server.seen.h == 0);
    CHECK(answer->a == 1);
    CHECK(answer->e == 5);
    Generations<NewText, OldText> texts;
    Result<OldText> text = texts.client.link({.a = 9, .text = "a text that is longer than four words !"});
    REQUIRE(text.ok());
    CHECK(texts.server.seen.b == 5);
    CHECK(texts.server.seen.e == 6);
    CHECK(texts.server.seen.more.empty());
    CHECK(text->text == "a text that is longer than four words !");
}

TEST_CASE("a new client and an old server: what the server does not know is ignored, and a default in the answer") {
    Generations<Old, New> world;
    Result<New> answer = world.client.link({.a = 1, .b = 2, .c = 3, .d = 4, .e = 5, .f = 6, .g = Color::Red, .h = 8});
    REQUIRE(answer.ok());
    CHECK(world.server.seen.e == 5);
    CHECK(answer->e == 5);
    CHECK(answer->f == 77);
    CHECK(answer->g == Color::Blue);
    CHECK(answer->h == 0);
    Generations<OldText, NewText> texts;
    Result<NewText> text = texts.client.link({.a = 9, .text = "known", .b = 1, .e = 2, .more = "unknown"});
    REQUIRE(text.ok());
    CHECK(text->a == 9);
    CHECK(text->text == "known");
    CHECK(text->b == 5);
    CHECK(text->e == 6);
    CHECK(text->more.empty());
}
