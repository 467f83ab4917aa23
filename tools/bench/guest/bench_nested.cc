// Answers a message of encoding 3 with what it was sent.
#include <eft/idl/nested.h>
#include <eft/server.h>

using namespace eft;

namespace {

struct Server {
    bench::Entry entry;  // what the answer refers to

    Result<bench::Found> turn(ipc::Context&, const bench::FoundView& found) {
        const bench::EntryView received = found.entry();
        entry = {.path = received.path(), .size = received.size(), .modified = received.modified()};
        return bench::Found{.entry = &entry};
    }
};
static_assert(bench::NestedServer<Server>);

}  // namespace

int eft_main() {
    Server server;
    ServerLoop loop;
    loop.run([&](ipc::Context& context, ipc::IncomingMessage& message) {
        return bench::Nested::dispatch(server, context, message);
    });
}
