// Checks the rules on small trees that break them, and then the tree itself.
#include "abi_page.h"
#include "rules.h"
#include "tree.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace eft::rules;

namespace {

// One file of each kind, for others to include.
Tree sample(const std::string& path, const std::string& include) {
    return {
        {"kernel/include/eft/abi/error.h", ""},
        {"kernel/object/thread.h", ""},
        {"libos/include/eft/task.h", ""},
        {"libos/include/eft/hw/register.h", ""},
        {"servers/mem/quota.h", ""},
        {"servers/fs/ext2/inode.h", ""},
        {"drivers/pci/CMakeLists.txt", "eft_library(pci msix.cc)"},
        {"drivers/pci/msix.h", ""},
        {"drivers/uart/CMakeLists.txt", "eft_program(uart main.cc)"},
        {"drivers/uart/uart.h", ""},
        {"apps/monitor/line.h", ""},
        {"tools/qemu/machine.h", ""},
        {"tests/guest/stage.h", ""},
        {path, "// A file.\n#include " + include + "\n"},
    };
}

bool allowed(const std::string& path, const std::string& include) {
    return check_includes(sample(path, include)).empty();
}

const std::string& text_of(const Tree& tree, const std::string& path) {
    for (const SourceFile& file : tree) {
        if (file.path == path) return file.text;
    }
    throw std::runtime_error("there is no " + path);
}

void report(const Complaints& complaints) {
    for (const std::string& complaint : complaints) FAIL_CHECK(complaint);
}

}  // namespace

TEST_CASE("the inside of the kernel is for the kernel and its tests") {
    CHECK(allowed("kernel/syscall/invoke.cc", "<object/thread.h>"));
    CHECK(allowed("tests/host/kernel/thread_test.cc", "<object/thread.h>"));
    CHECK_FALSE(allowed("libos/src/start.cc", "<object/thread.h>"));
    CHECK_FALSE(allowed("servers/proc/main.cc", "\"kernel/object/thread.h\""));
    CHECK_FALSE(allowed("servers/proc/main.cc", "\"../../kernel/object/thread.h\""));
    CHECK_FALSE(allowed("tests/guest/main.cc", "<object/thread.h>"));
    CHECK_FALSE(allowed("kernel/include/eft/abi/object.h", "<object/thread.h>"));
}

TEST_CASE("the ABI is for everybody, and the kernel needs nobody else") {
    for (const char* path : {"kernel/object/reply.h", "libos/src/a.cc", "servers/a/a.cc", "drivers/a/a.cc",
                             "apps/a/a.cc", "tests/guest/a.cc", "images/manifest/a.cc"}) {
        CHECK(allowed(path, "<eft/abi/error.h>"));
    }
    CHECK_FALSE(allowed("kernel/object/reply.cc", "<eft/task.h>"));
    CHECK_FALSE(allowed("kernel/object/reply.cc", "<eft/idl/echo.h>"));
    CHECK(allowed("servers/echo/main.cc", "<eft/idl/echo.h>"));
}

TEST_CASE("device access is for drivers") {
    CHECK(allowed("drivers/uart/main.cc", "<eft/hw/register.h>"));
    CHECK(allowed("libos/src/hw/window.cc", "<eft/hw/register.h>"));
    CHECK_FALSE(allowed("servers/mem/main.cc", "<eft/hw/register.h>"));
    CHECK_FALSE(allowed("apps/monitor/main.cc", "<eft/hw/register.h>"));
    CHECK(allowed("servers/root/rtc.h", "<eft/hw/register.h>"));
    CHECK_FALSE(allowed("servers/root/main.cc", "<eft/hw/register.h>"));
}

TEST_CASE("a server includes no other server") {
    CHECK(allowed("servers/mem/main.cc", "\"quota.h\""));
    CHECK(allowed("servers/mem/deep/part.cc", "<servers/mem/quota.h>"));
    CHECK_FALSE(allowed("servers/proc/main.cc", "<servers/mem/quota.h>"));
    CHECK_FALSE(allowed("servers/proc/main.cc", "\"../mem/quota.h\""));
    CHECK(allowed("servers/fs/ext2/main.cc", "\"fs/ext2/inode.h\""));
    CHECK_FALSE(allowed("servers/fs/tmp/main.cc", "\"fs/ext2/inode.h\""));
    CHECK(allowed("servers/dev/main.cc", "<drivers/pci/msix.h>"));
    CHECK_FALSE(allowed("servers/dev/main.cc", "<drivers/uart/uart.h>"));
    CHECK_FALSE(allowed("apps/monitor/main.cc", "<servers/mem/quota.h>"));
}

TEST_CASE("a driver includes its bus, but no other driver") {
    CHECK(allowed("drivers/virtio_blk/main.cc", "<drivers/pci/msix.h>"));
    CHECK_FALSE(allowed("drivers/virtio_blk/main.cc", "<drivers/uart/uart.h>"));
    CHECK_FALSE(allowed("drivers/virtio_blk/main.cc", "<servers/mem/quota.h>"));
    CHECK_FALSE(allowed("libos/src/start.cc", "<drivers/pci/msix.h>"));
}

TEST_CASE("what ./eft run needs is no part of the tests") {
    CHECK(allowed("tools/run/main.cc", "<tools/qemu/machine.h>"));
    CHECK(allowed("tests/system/scene_test.cc", "<tools/qemu/machine.h>"));
    CHECK_FALSE(allowed("tools/run/main.cc", "<tests/guest/stage.h>"));
    CHECK_FALSE(allowed("images/archive/main.cc", "<tests/guest/stage.h>"));
    CHECK_FALSE(allowed("tools/run/main.cc", "<object/thread.h>"));
}

TEST_CASE("a complaint names file and line, however the include is spelt") {
    const auto complaints = check_includes(sample("servers/proc/main.cc", "<object/thread.h>"));
    REQUIRE(complaints.size() == 1);
    CHECK(complaints[0] == "servers/proc/main.cc:2: may not include kernel/object/thread.h");
    Tree tree = sample("servers/proc/main.cc", "<vector>");
    CHECK(check_includes(tree).empty());
    tree.back().text = "  #  include   \"object/thread.h\" // why";
    CHECK(check_includes(tree).size() == 1);
}

TEST_CASE("long files need a reason") {
    const std::string lines(401, '\n');
    CHECK(check_lengths({{"servers/mem/main.cc", std::string(400, '\n')}}).empty());
    CHECK(check_lengths({{"servers/mem/main.cc", lines}}).size() == 1);
    CHECK(check_lengths({{"servers/mem/main.cc", "// Long because it is a table.\n" + lines}}).empty());
    CHECK(check_lengths({{"servers/mem/main.cc", lines + "// Long because"}}).size() == 1);
    CHECK(check_lengths({{"docs/words.txt", lines}}).empty());
}

TEST_CASE("generated files are noticed") {
    CHECK(check_generated({{"idl/echo.bfbs", ""}}).size() == 1);
    CHECK(check_generated({{"images/manifest/manifest_generated.h", ""}}).size() == 1);
    CHECK(check_generated({{"libos/include/eft/idl/echo.h", "// Generated by idlc from echo.fbs.\n"}}).size() == 1);
    CHECK(check_generated({{"idl/compiler/emit.cc", "// Writes files that are generated.\n"}}).empty());
}

TEST_CASE("enumerators are found with their values") {
    const std::string header = "enum class A : u8 { One = 1, /**/ Ten = 0x0a, Eleven };  // Twelve = 12\nenum class B { Zero, // none\n One };";
    CHECK(enumerators(header, "A") == std::map<std::string, unsigned long>{{"One", 1}, {"Ten", 10}, {"Eleven", 11}});
    CHECK(enumerators(header, "B") == std::map<std::string, unsigned long>{{"Zero", 0}, {"One", 1}});
    CHECK(enumerators(header, "C").empty());
}

TEST_CASE("the page about the kernel's interface names everything that the headers define") {
    const Tree tree = read_tree(EFT_SOURCE_DIR);
    const std::string abi = "kernel/include/eft/abi/";
    const std::string header = text_of(tree, abi + "syscall.h") + text_of(tree, abi + "object.h") + text_of(tree, abi + "error.h");
    const std::string page = text_of(tree, "docs/kernel-abi.md");
    CHECK(enumerators(header, "Invocation").size() >= 34);
    report(check_abi_page(header, page));
    // Whatever is taken out of the page is missed.
    for (const char* needed : {"CapRevoke 0x203", "| Frame | 9 |", "| 3 | Recv |", "Execute 4", "Exhausted 6", "PeerNoSlot 33", "FaultCode"}) {
        std::string shorter = page;
        for (std::size_t at; (at = shorter.find(needed)) != std::string::npos;) shorter.replace(at, std::string(needed).size(), "gone");
        CHECK_MESSAGE(check_abi_page(header, shorter).size() == 1, needed);
    }
    // So is a wrong number.
    CHECK_FALSE(check_abi_page("enum class Invocation : u32 { SpaceGrow = 0x404, };", page).empty());
}

TEST_CASE("a model of what the kernel or the network server does not have is noticed") {
    const SourceFile header{"kernel/object/bell.h", "class Bell : public Object {\n    void ring(Core& core);\n    int inner;\n};\nclass Door {\n    void open();\n};\n"};
    const auto wrong = [&](const std::string& text) { return check_model({header, {"tests/model/kernel.pml", text}}); };
    CHECK(wrong("/* Bell::ring, in bell.h */").empty());
    CHECK(wrong("/* Bell::open */") == Complaints{"tests/model/kernel.pml:1: the kernel has no Bell::open"});
    CHECK(wrong("\n/* bell.cc */") == Complaints{"tests/model/kernel.pml:2: the kernel has no bell.cc"});
    CHECK(wrong("/* Gate::open, Bell::inner, ell.h */").size() == 3);
    const SourceFile net{"servers/net/wire.h", "class Wire {\n    void pull();\n};\n"};
    const auto wrong_of_net = [&](const std::string& text) { return check_model({header, net, {"tests/model/net/recovery.pml", text}}); };
    CHECK(wrong_of_net("/* Wire::pull */").empty());
    CHECK(wrong_of_net("/* Bell::ring */") == Complaints{"tests/model/net/recovery.pml:1: net has no Bell::ring"});
}

TEST_CASE("a test that the page does not name is noticed") {
    const SourceFile page{"docs/testing.md", "| `system-one` | shows |\n"};
    const auto wrong = [&](const std::string& text) { return check_test_page({page, {"tests/system/CMakeLists.txt", text}}); };
    CHECK(wrong("eft_system_test(system-one one_test.cc)\n").empty());
    CHECK(wrong("\neft_system_test(system-on on_test.cc)\n") == Complaints{"tests/system/CMakeLists.txt:2: system-on is not in docs/testing.md"});
    CHECK(wrong("  eft_guest_test(guest-two two)\n").size() == 1);
    CHECK(check_test_page({page, {"docs/services/kv.md", "# kv\n"}, {"tests/system/kv/CMakeLists.txt", "eft_system_test(system-kv kv_test.cc)\n"}}).empty());
    CHECK(check_test_page({{"tests/CMakeLists.txt", "eft_system_test(machine_test a.cc)"}, {"servers/kv/CMakeLists.txt", "eft_system_test(system-kv a.cc)"}}).empty());
}

TEST_CASE("the tree keeps its rules") {
    const Tree tree = read_tree(EFT_SOURCE_DIR);
    REQUIRE(tree.size() > 50);
    report(check_includes(tree));
    report(check_lengths(tree));
    report(check_generated(tree));
    report(check_model(tree));
    report(check_test_page(tree));
}
