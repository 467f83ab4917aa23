// httpd: an HTTP server that shows the system, live, and the files of the file server.
//
// Its argument `kill` is the manifest's word that services may be killed from the page. What it needs of rs it gets by
// "rs:log"; the map of who calls whom, and killing, need "rs:order".
#include "httpd/guard.h"
#include "httpd/server.h"

#include <eft/panic.h>
#include <eft/process.h>
#include <eft/socket/address.h>
#include <eft/text.h>

using namespace eft;

namespace {

bool has_argument(std::string_view wanted) {
    std::string_view rest = field_text(config().arguments);
    for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest))
        if (word == wanted) return true;
    return false;
}

Task<int> serve(httpd::Server& server) {
    const Status ended = co_await server.run();
    FixedText<80> line("port 80: ");
    log(line.append(socket::error_text(ended.error())));
    co_return 1;
}

}  // namespace

int eft_main() {
    const Result<Slot> slot = granted("rs");
    if (!slot.ok()) panic("the manifest does not grant \"rs\"");
    static WakeLoop loop;
    static rs::RsClient<> supervisor{CapHandle(*slot)};
    static const httpd::Feed::Rights rights{.may_kill = has_argument("kill"), .token = httpd::make_token()};
    static httpd::Server server(loop, supervisor, rights);
    report_ready();
    return loop.run(serve(server));
}
