// The live page in a real browser: what it shows, and that it is live again by itself when what it stands on is killed from it.
#include "browser.h"
#include "web_system.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

using namespace eft::qemu;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr unsigned kPictureWidth = 1120, kPictureHeight = 1340;

std::string url_of(const WebSystem& web) { return "http://127.0.0.1:" + std::to_string(web.port()) + "/"; }

// Until the script returns true; how long that took, or nothing if it does not in time.
std::optional<Duration> time_until(Browser& browser, const std::string& script, Duration timeout) {
    const auto begin = std::chrono::steady_clock::now();
    for (const Deadline deadline = after(timeout); until(deadline).count() > 0; std::this_thread::sleep_for(20ms))
        if (browser.run(script) == true) return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
    return std::nullopt;
}

std::string is_live() { return "document.getElementById('connection').textContent === 'live'"; }
enum Column : unsigned { kState = 1, kProcessor = 4, kAnswers = 5, kRestarts = 6, kRecovery = 7 };
std::string cell(const std::string& name, unsigned column) { return "document.querySelector('tr[data-name=" + name + "]').cells[" + std::to_string(column) + "].textContent"; }

// The page says that the service has been restarted and is up, and the stream of events goes on: the load comes each second.
void kill_from_page(Browser& browser, const std::string& name) {
    CAPTURE(name);
    const std::string restarts = browser.run("return " + cell(name, kRestarts));
    browser.click("tr[data-name=" + name + "] button");
    const auto again = time_until(browser, "return " + cell(name, kState) + " === 'up' && " + cell(name, kRestarts) + " !== '" + restarts + "' && " + is_live(), 10s);
    REQUIRE(again);
    MESSAGE(name, " was killed from the page, which was live again after ", again->count(), " ms");
    CHECK(*again < 2s);
    CHECK(browser.run("return " + cell(name, kRecovery)) != "–");
    CHECK(browser.run("return document.querySelectorAll('tr[data-name=" + name + "] .plot rect').length") == 1);
    const std::string uptime = browser.run("return document.getElementById('uptime').textContent");
    CHECK(time_until(browser, "return document.getElementById('uptime').textContent !== '" + uptime + "'", 5s));
}

// On a screen as wide as a telephone's, and by the keyboard alone.
void check_form(Browser& browser) {
    const std::string fits = ".every((each) => each.getBoundingClientRect().left >= 0 && each.getBoundingClientRect().right <= 361)";
    browser.resize(360, 740);
    CHECK(browser.run("return innerWidth") == 360);
    CHECK(browser.run("return [...document.querySelectorAll('header, h2, .wide, #map, #log')]" + fits) == true);
    CHECK(browser.run("return [...document.querySelectorAll('#services button')]" + fits) == true);
    CHECK(browser.run("return document.querySelector('#services tr[data-name=net] .plot').getBoundingClientRect().right <= document.querySelector('#services tr[data-name=net] button').getBoundingClientRect().left") == true);
    CHECK(time_until(browser, "return [...document.querySelectorAll('.node')]" + fits, 5s));
    CHECK(browser.run("return [...document.querySelectorAll('button, a, input, .node, [tabindex]')].every((each) => { each.focus(); return document.activeElement === each; })") == true);
    CHECK(browser.run("return [...document.querySelectorAll('svg[role=img], .node')].every((each) => each.getAttribute('aria-label') !== null)") == true);
}

}  // namespace

TEST_CASE("the live page shows the system, and comes back by itself when the driver, the network and its server are killed from it") {
    WebSystem web;
    Browser browser;
    browser.open(url_of(web));
    REQUIRE(time_until(browser, "return " + is_live() + " && document.querySelectorAll('#services tbody tr').length > 10", 10s));
    browser.run("window.sameDocument = true");

    CHECK(browser.run("return document.querySelector('tr[data-name=mem] button')") == nullptr);
    CHECK(browser.run("return document.querySelector('tr[data-name=net] button').getAttribute('aria-label')") == "Kill net");
    CHECK(time_until(browser, "return document.querySelector('.node[data-name=httpd]').getAttribute('aria-label').startsWith('httpd can call')", 5s));
    CHECK(time_until(browser, "return document.getElementById('log').textContent.includes('rs: httpd: up')", 5s));

    // What it does for the page is work, too.
    CHECK(time_until(browser, "return Number(" + cell("net", kAnswers) + ") > 0 && parseFloat(" + cell("httpd", kProcessor) + ") > 0", 10s));
    CHECK(time_until(browser, "return document.querySelector('.edge.moves') !== null", 10s));

    check_form(browser);
    browser.resize(1100, 1400);
    CHECK(browser.complaints() == "");

    for (const char* name : {"virtio_net", "net", "httpd"}) kill_from_page(browser, name);
    CHECK(time_until(browser, "return document.getElementById('changes').textContent.includes('httpd: died, an order')", 5s));

    // Its new incarnation has told the page its own token; and no line of the log was lost or came twice.
    kill_from_page(browser, "echo");
    CHECK(time_until(browser, "return document.getElementById('log').textContent.split('rs: httpd: up').length === 3", 5s));
    CHECK(browser.run("return document.getElementById('problem').textContent") == "");
    CHECK(browser.run("return window.sameDocument") == true);
    const auto services = web.system().services();
    for (const char* name : {"virtio_net", "net", "httpd", "echo"}) CHECK(services.at(name).restarts == 1);

    // `./eft test --picture` wants one of this moment.
    if (const char* const path = std::getenv("EFT_PICTURE")) {
        std::this_thread::sleep_for(3s);  // what has changed has no colour of its own any more
        std::ofstream file(path, std::ios::binary);
        file << browser.picture(kPictureWidth, kPictureHeight);
        REQUIRE(file.flush());
    }
}
