#include "browser.h"

#include <port.h>

#include <unistd.h>

#include <stdexcept>
#include <thread>

namespace eft::qemu {
namespace {

using nlohmann::json;

json capabilities(const std::string& profile) {
    json arguments = {"--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe", "--window-size=1100,1400", "--user-data-dir=" + profile};
    if (geteuid() == 0) arguments.push_back("--no-sandbox");  // which Chromium refuses to have under root
    const json options = {{"args", arguments}};
    return {{"capabilities", {{"alwaysMatch", {{"browserName", "chrome"}, {"goog:chromeOptions", options}, {"goog:loggingPrefs", {{"browser", "ALL"}}}}}}}};
}

// Base64 (RFC 4648, 4).
std::string decoded(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0, count = 0;
    for (const char each : text) {
        const std::size_t digit = kDigits.find(each);
        if (digit == std::string_view::npos) break;  // what fills the last group up
        bits = bits << 6 | static_cast<unsigned>(digit);
        if ((count += 6) < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count);
    }
    return bytes;
}

void wait_for(std::uint16_t port) {
    for (const Deadline deadline = after(std::chrono::seconds(20));; std::this_thread::sleep_for(std::chrono::milliseconds(50))) {
        try {
            HttpConnection{port};
            return;
        } catch (const std::runtime_error&) {
            if (until(deadline).count() <= 0) throw std::runtime_error("chromedriver does not start");
        }
    }
}

}  // namespace

Browser::Browser() : port_(free_loopback_port()), driver_({"chromedriver", "--port=" + std::to_string(port_), "--log-level=OFF"}, {}) {
    wait_for(port_);
    session_ = "/session/" + call("POST", "/session", capabilities(profile_.path())).at("sessionId").get<std::string>();
}

// The browser ends with its session; its processes use the profile until they have ended.
Browser::~Browser() {
    try {
        call("DELETE", session_);
    } catch (const std::exception&) {
        // It has ended already.
    }
}

void Browser::open(const std::string& url) { call("POST", session_ + "/url", {{"url", url}}); }

json Browser::run(const std::string& script) { return call("POST", session_ + "/execute/sync", {{"script", script}, {"args", json::array()}}); }

void Browser::click(const std::string& selector) {
    const json element = call("POST", session_ + "/element", {{"using", "css selector"}, {"value", selector}});
    call("POST", session_ + "/element/" + element.begin().value().get<std::string>() + "/click");
}

void Browser::resize(unsigned width, unsigned height) { set_screen(width, height, 2, true); }

std::string Browser::picture(unsigned width, unsigned height) {
    set_screen(width, height, 1, false);
    run("scrollTo(0, 0)");
    return decoded(call("GET", session_ + "/screenshot").get<std::string>());
}

void Browser::set_screen(unsigned width, unsigned height, unsigned scale, bool is_telephone) {
    const json metrics = {{"width", width}, {"height", height}, {"deviceScaleFactor", scale}, {"mobile", is_telephone}};
    call("POST", session_ + "/goog/cdp/execute", {{"cmd", "Emulation.setDeviceMetricsOverride"}, {"params", metrics}});
}

std::string Browser::complaints() {
    std::string all;
    for (const json& each : call("POST", session_ + "/se/log", {{"type", "browser"}})) all += each.at("message").get<std::string>() + "\n";
    return all;
}

json Browser::call(const std::string& method, const std::string& path, const json& body) {
    HttpConnection connection(port_);
    const HttpAnswer answer = connection.ask(method, path, "Content-Type: application/json\r\nConnection: close\r\n", method == "POST" ? body.dump() : "");
    const json value = json::parse(answer.body).at("value");
    if (answer.status != 200) throw std::runtime_error("chromedriver: " + path + ": " + value.value("message", answer.body));
    return value;
}

}  // namespace eft::qemu
