// What a client's stub opens again by itself in a server that has forgotten it.
#include <eft/idl/opens.h>
#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>

using namespace eft;
using namespace eft::test::opens;

namespace {

struct Session {
    u16 in_progress = 0;
    std::map<u32, u64> open;  // shelf, inode
    u16& requests_in_progress() { return in_progress; }
};

// The books outlive the librarians.
using Books = std::map<std::string, u64>;

struct Librarian {
    Books& books;
    Session only = {};
    std::vector<std::string> opened = {};
    unsigned closed = 0;
    Error trouble = Error::None;
    bool demands_all = false;  // Count: nothing is to be missing

    Session* session(Badge) { return &only; }
    Result<Found> open(ipc::Context&, Session& session, const Wanted& wanted) {
        opened.emplace_back(wanted.title);
        if (trouble != Error::None) return trouble;
        const auto book = books.find(std::string(wanted.title));
        if (book == books.end()) return Error::NotFound;
        session.open[wanted.shelf] = book->second;
        return Found{book->second};
    }
    Status close(ipc::Context&, Session& session, const Shelf& shelf) {
        ++closed;
        session.open.erase(shelf.shelf);
        return {};
    }
    Result<Word> look(ipc::Context&, Session& session, const Place& place) {
        const auto book = session.open.find(place.shelf);
        if (book == session.open.end()) return Error::StaleSession;
        return Word{book->second * 1000 + place.at};
    }
    Result<Word> count(ipc::Context&, Session& session, const Empty&) {
        if (demands_all && session.open.empty()) return Error::StaleSession;
        return Word{session.open.size()};
    }
    Result<Word> read(ring::Pending<Word>, Session& session, const Place& place) {
        const auto book = session.open.find(place.shelf);
        if (book == session.open.end()) return Error::StaleSession;
        return Word{book->second * 1000 + place.at};
    }
};
static_assert(LibraryServer<Librarian> && LibraryRingServer<Librarian, Session>);

using Local = ipc::LocalServer<Library, Librarian>;
using Client = LibraryClient<ipc::LocalTransport<Local>>;

struct World {
    Books books{{"newts", 7}, {"eels", 8}, {"frogs", 9}};
    Librarian first{books};
    Librarian next{books};
    Local local{first};
    Client client{local, Badge{1}};
    Library::Opens opens;

    World() { client.keep_opens(opens); }
    Result<Found> open(u32 shelf, std::string_view title) { return client.open({shelf, title}); }
    Result<Word> look(u32 shelf, u64 at = 1) { return client.look({shelf, at}); }
    void restart() { local.replace(next); }
};

using Titles = std::vector<std::string>;

}  // namespace

TEST_CASE("what is used is opened again as it was, once, and the request repeated") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    REQUIRE(world.open(2, "eels").ok());
    world.restart();
    CHECK(world.look(2)->value == 8001);
    CHECK(world.look(2, 5)->value == 8005);
    CHECK(world.next.opened == Titles{"eels"});  // the other one is not asked for
    CHECK(world.look(1)->value == 7001);
    CHECK(world.next.opened == Titles{"eels", "newts"});
}

TEST_CASE("the same after a death with the request in progress; at two deaths it is given up") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    world.local.on_death = [&] { world.restart(); };
    world.local.die_before(1);
    CHECK(world.look(1)->value == 7001);
    CHECK(world.next.opened == Titles{"newts"});
    world.local.die_before(1);
    world.local.on_death = [&] { world.next.only = {}, world.local.die_before(2); };  // the first is what opens again
    CHECK(world.look(1).error() == Error::ServiceFailed);
}

TEST_CASE("a death while it is opened again: from the beginning") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    world.restart();
    world.local.die_after(2);  // look, open
    world.local.on_death = [&] { world.next.only = {}; };
    CHECK(world.look(1)->value == 7001);
    CHECK(world.next.opened == Titles{"newts", "newts"});
}

TEST_CASE("what is closed, or was never opened, is not opened again") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    REQUIRE(world.client.close({1}).ok());
    CHECK(world.open(2, "salamanders").error() == Error::NotFound);
    world.restart();
    CHECK(world.look(1).error() == Error::StaleSession);
    CHECK(world.look(2).error() == Error::StaleSession);
    CHECK(world.next.opened.empty());
}

TEST_CASE("the last one that was opened under a number counts, and a failure leaves the one before") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    REQUIRE(world.open(1, "eels").ok());
    CHECK(world.open(1, "salamanders").error() == Error::NotFound);
    world.restart();
    CHECK(world.look(1)->value == 8001);
    CHECK(world.next.opened == Titles{"eels"});
}

TEST_CASE("what leads to something else by now is closed, and stale from then on") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    world.restart();
    world.books["newts"] = 70;
    CHECK(world.look(1).error() == Error::StaleSession);
    CHECK(world.next.closed == 1);
    CHECK(world.next.only.open.empty());
    world.next.opened.clear();
    CHECK(world.look(1).error() == Error::StaleSession);
    CHECK(world.next.opened.empty());
}

TEST_CASE("why it cannot be opened again is the answer, and it is tried again the next time") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    world.restart();
    world.next.trouble = Error::DeviceError;
    CHECK(world.look(1).error() == Error::DeviceError);
    world.next.trouble = Error::None;
    CHECK(world.look(1)->value == 7001);
}

TEST_CASE("a call that names none of it: all is opened again") {
    World world;
    REQUIRE(world.open(1, "newts").ok());
    REQUIRE(world.open(2, "eels").ok());
    world.restart();
    world.next.demands_all = true;
    CHECK(world.client.count()->value == 2);
}

TEST_CASE("no more is opened than is kept") {
    World world;
    for (u32 shelf = 1; shelf <= 3; ++shelf) REQUIRE(world.open(shelf, "newts").ok());
    CHECK(world.open(4, "eels").error() == Error::LimitReached);
    CHECK(world.first.opened.size() == 3);
    CHECK(world.open(3, "eels").ok());  // in place of another
    CHECK(world.client.close({2}).ok());
    CHECK(world.open(4, "frogs").ok());
}

TEST_CASE("the title may lie in the thread's message page") {
    World world;
    char* words = reinterpret_cast<char*>(world.client.transport().page().words + kRegisterWords);
    std::string_view("newts").copy(words + 3, 5);
    REQUIRE(world.open(1, {words + 3, 5}).ok());
    world.restart();
    CHECK(world.look(1)->value == 7001);
}

TEST_CASE("without memory for it nothing is kept, and stale is stale") {
    World world;
    Client other(world.local, Badge{2});
    REQUIRE(other.open({1, "newts"}).ok());
    world.restart();
    CHECK(other.look({1, 1}).error() == Error::StaleSession);
}

namespace {

struct Wake {
    void signal() {}
};
using Ring = LibraryRing<Wake>;

struct RingWorld : World {
    alignas(64) std::array<std::byte, Ring::kMemoryBytes> memory{};
    Ring ring{Wake{}};

    RingWorld() { REQUIRE(ring.create(memory, 0).ok()); }
    // The librarian of today does what waits in the ring.
    void serve(Librarian& librarian) {
        auto consumer = Library::RingConsumer::open(memory, {}, Library::kInflight);
        REQUIRE(consumer.ok());
        REQUIRE(Library::poll_ring(librarian, librarian.only, *consumer).ok());
        ring.on_wake();
    }
};

Task<void> read(RingWorld& world, u32 shelf, Result<Word>& answer) {
    Task<Result<Word>> call = world.ring.read(world.client, {shelf, 3});
    answer = co_await call;
}

}  // namespace

TEST_CASE("a ring's entry that a new incarnation does not understand is opened again and submitted again") {
    RingWorld world;
    REQUIRE(world.open(1, "newts").ok());
    Result<Word> answers[2] = {Error::WouldBlock, Error::WouldBlock};
    Task<void> first = read(world, 1, answers[0]), second = read(world, 1, answers[1]);
    first.start();
    second.start();
    world.restart();
    world.serve(world.next);
    CHECK(world.next.opened == Titles{"newts"});  // once for both
    CHECK(answers[0].error() == Error::WouldBlock);
    world.serve(world.next);
    CHECK(answers[0]->value == 7003);
    CHECK(answers[1]->value == 7003);
}

TEST_CASE("an entry is given up for two deaths under it, and not for what incarnations have forgotten") {
    RingWorld world;
    REQUIRE(world.open(1, "newts").ok());
    Result<Word> answer = Error::WouldBlock;
    Task<void> task = read(world, 1, answer);
    task.start();
    const auto die_with_it = [&] {
        auto consumer = Library::RingConsumer::open(world.memory, {}, Library::kInflight);
        REQUIRE(consumer.ok());
        CHECK((*consumer->take())->label == Library::ReadMethod::kLabel);
    };
    for (unsigned i = 0; i < 3; ++i) {
        world.restart();
        world.serve(world.next);  // StaleSession: opened again, submitted again
        world.next.only = {};
        CHECK(answer.error() == Error::WouldBlock);
    }
    die_with_it();
    world.serve(world.next);
    CHECK(answer.error() == Error::WouldBlock);
    world.next.only = {};
    die_with_it();
    world.serve(world.next);
    CHECK(answer.error() == Error::ServiceFailed);
}

TEST_CASE("an entry of what cannot be opened any more says why") {
    RingWorld world;
    REQUIRE(world.open(1, "newts").ok());
    Result<Word> answer = Error::WouldBlock;
    world.restart();
    world.books.clear();
    Task<void> task = read(world, 1, answer);
    task.start();
    world.serve(world.next);
    CHECK(answer.error() == Error::NotFound);
}
