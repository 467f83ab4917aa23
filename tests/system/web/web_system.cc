#include "web_system.h"

#include <port.h>

#include <random>
#include <stdexcept>
#include <thread>

namespace eft::qemu {

WebSystem::WebSystem()
    : port_(free_loopback_port()),
      system_({.disk = make_disk(), .archive = EFT_TARGET_TREE "/web.archive", .cards = {{.backend = "user,hostfwd=tcp:127.0.0.1:" + std::to_string(port_) + "-:80"}}}) {
    if (!answers_within(std::chrono::seconds(30))) throw std::runtime_error("no HTTP server answers\n" + system_.run("log"));
}

bool WebSystem::answers_within(Duration timeout) {
    for (const Deadline deadline = after(timeout); until(deadline).count() > 0; std::this_thread::sleep_for(std::chrono::milliseconds(50))) {
        HttpConnection connection(port_);
        try {
            connection.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            if (connection.receive(std::min(until(deadline), Duration(1000)), false)) return true;
        } catch (const std::runtime_error&) {  // not in time: what is sent to a card without an address is lost
        }
    }
    return false;
}

std::string WebSystem::make_disk() {
    std::mt19937 random(80);
    big_.resize(kBigBytes);
    for (char& byte : big_) byte = static_cast<char>(random());
    folder_.write("files/big.bin", big_);
    folder_.write("files/empty.txt", "");
    folder_.write("files/notes/two words & <more>.txt", "found\n");
    folder_.write("files/page/page.css", "of the disk\n");
    folder_.write("files/script.html", "<script>alert(1)</script>\n");
    const std::string image = folder_.path() + "/disk.img";
    make_ext2_image(folder_.path() + "/files", image, 16, 4096);
    return image;
}

}  // namespace eft::qemu
