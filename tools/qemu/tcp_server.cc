#include "tcp_server.h"

#include <sys/socket.h>

#include <stdexcept>

namespace eft::qemu {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);

}  // namespace

TcpServer::TcpServer(std::function<void(File&)> talk) : listener_(listen_on_loopback()), port_(port_of(listener_)) {
    accepting_ = std::thread([this, talk = std::move(talk)] { accept_all(talk); });
}

TcpServer::~TcpServer() {
    ::shutdown(listener_.descriptor(), SHUT_RDWR);
    accepting_.join();
    for (std::thread& each : talking_) each.join();
}

void TcpServer::accept_all(const std::function<void(File&)>& talk) {
    for (;;) {
        const int descriptor = accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) return;
        talking_.emplace_back([talk, descriptor] {
            File stream(descriptor);
            try {
                talk(stream);
            } catch (const std::runtime_error&) {  // the guest has closed it
            }
        });
    }
}

void serve_http(File& stream, const std::function<std::string(std::string_view path)>& answer) {
    std::string request;
    for (bool at_end = false; request.find("\r\n\r\n") == std::string::npos;)
        if (!stream.read_some(request, after(kPatience), at_end) || at_end) return;
    const std::string_view rest = std::string_view(request).substr(request.find(' ') + 1);
    stream.write_all(answer(rest.substr(0, rest.find(' '))), after(kPatience));
    end_writing(stream);
    read_to_end(stream, kPatience);  // bytes that are not read would make it a reset
}

}  // namespace eft::qemu
