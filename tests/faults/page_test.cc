// A campaign's page in a real browser, from a file: its filters, a fault's own part, and what hostile texts do there, which is
// nothing.
#include <browser.h>
#include <html_report.h>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace eft;
using nlohmann::json;

namespace {

const std::string kHostile = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>";

std::string result(const std::string& target, const std::string& type, unsigned index, const std::string& outcome, json more = json::object()) {
    json line = {{"run", target + "-" + type + "-1-" + std::to_string(index)}, {"target", target}, {"type", type}, {"seed", 1}, {"workload", "mix"}, {"outcome", outcome}};
    line.update(more);
    return line.dump() + "\n";
}

// More of them than are shown at once.
std::string results() {
    std::string all;
    for (unsigned i = 0; i < 250; ++i)
        all += result("ext2", "text", i, i % 5 == 0 ? "no_effect" : "recovered", {{"latency_ns", i % 5 == 0 ? 0 : 300'000 + 40'000 * i}, {"restarts", {{"ext2", 1}}}});
    const json change = {{"address", 0x401000}, {"before", "89d8"}, {"after", "89d9"}, {"what", "mov eax, ebx -> mov ecx, ebx"}, {"symbol", "Inode::read+0x12"}, {"source", "inode.cc:12"}};
    all += result("net", "branch", 0, "hang", {{"changes", {change}}, {"what", kHostile}, {"console", "eft> " + kHostile}, {"restarts", {{"net", 2}}}, {"replay", "./eft replay net-branch-1-0"}});
    all += result(kHostile, "nop", 0, "wrong_result", {{"changes", kHostile}, {"restarts", kHostile}, {"latency_ns", kHostile}, {"seed", kHostile}});
    return all;
}

struct Page {
    qemu::TemporaryFolder folder;
    qemu::Browser browser;

    Page() {
        folder.write("results.jsonl", results());
        faults::write_html_report(folder.path());
        browser.open("file://" + folder.path() + "/report.html");
    }
    json count(const std::string& selector) { return browser.run("return document.querySelectorAll('" + selector + "').length"); }
    json text(const std::string& selector) { return browser.run("return document.querySelector('" + selector + "').textContent"); }
    void choose(const std::string& id, const std::string& value) {
        browser.run("const select = document.getElementById('" + id + "'); select.value = '" + value + "'; select.dispatchEvent(new Event('change'))");
    }
};

}  // namespace

TEST_CASE_FIXTURE(Page, "filters by target, type and class; a table for what is chosen; a fault's own part") {
    CHECK(text("#count") == "252 of 252");
    CHECK(count("#faults details") == 200);
    browser.click("#more");
    CHECK(count("#faults details") == 252);
    CHECK(browser.run("return document.getElementById('more').hidden") == true);
    CHECK(count("figure img") == 1);
    CHECK(browser.run("return document.querySelector('figure img').naturalWidth > 100") == true);

    choose("outcome", "hang");
    CHECK(text("#count") == "1 of 252");
    choose("outcome", "");
    choose("target", "ext2");
    CHECK(text("#count") == "250 of 252");
    CHECK(count("#rows tr") == 2);
    choose("type", "text");
    CHECK(count("#rows tr") == 1);
    CHECK(text("#rows td:last-child") == "200 of 200, 98.1 to 100.0 %");
    choose("type", "branch");
    CHECK(text("#count") == "0 of 252");

    browser.run("location.hash = 'net-branch-1-0'");
    CHECK(browser.run("return new Promise((done) => setTimeout(() => done(document.getElementById('net-branch-1-0').open), 200))") == true);
    const std::string part = text("#net-branch-1-0");
    for (const char* const words : {"Inode::read+0x12", "inode.cc:12", "before  89d8  mov eax, ebx\n", "after   89d9  mov ecx, ebx", "net (2)", "./eft replay net-branch-1-0", "eft> </script>"})
        CHECK_MESSAGE(part.find(words) != std::string::npos, words, " is not in ", part);
    CHECK(browser.complaints() == "");
}

TEST_CASE_FIXTURE(Page, "hostile texts are shown, and do nothing") {
    browser.run("for (const each of document.querySelectorAll('details')) each.open = true");
    browser.click("#more");
    browser.run("for (const each of document.querySelectorAll('details')) each.open = true");
    CHECK(browser.run("return new Promise((done) => setTimeout(() => done(typeof window.hit), 300))") == "undefined");
    CHECK(text("#faults").get<std::string>().find(kHostile) != std::string::npos);
    CHECK(count("#faults img") == 0);
    CHECK(browser.complaints() == "");
    if (const char* const path = std::getenv("EFT_PICTURE")) std::ofstream(path, std::ios::binary) << browser.picture(1100, 1400);
}
