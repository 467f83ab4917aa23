// echo: answers what it was sent. The server to copy from: a struct with a method per call, and a loop.
#include <eft/idl/echo.h>
#include <eft/server.h>

using namespace eft;

namespace {

struct Server {
    Result<Empty> ping(ipc::Context&, const Empty&) { return Empty{}; }
    Result<echo::Words> repeat(ipc::Context&, const echo::Words& words) { return words; }
    Result<echo::Text> say(ipc::Context&, const echo::Text& text) { return echo::Text{text.text}; }
};
static_assert(echo::EchoServer<Server>);

}  // namespace

int eft_main() {
    Server server;
    ServerLoop loop;
    loop.run(requests_to<echo::Echo>(server));
}
