#include "scene.h"

#include "image.h"

#include <fstream>

int eft_main_echo();
int eft_main_ext2();

namespace eft::test {

namespace {

constexpr const char* kManifest = R"({"services": [
    {"name": "disk", "kind": "Driver", "level": 5, "priority": 40, "provides": ["block/0"], "state_bytes": 65536},
    {"name": "ext2", "level": 6, "priority": 30, "quota": 4096, "provides": ["file/0"], "connects": ["block/0"], "state_bytes": 65536,
     "persistent_slots": 72, "replies": 40},
    {"name": "spare", "program": "echo", "level": 6, "priority": 30, "provides": ["spare"]},
    {"name": "files", "kind": "Program", "level": 7, "priority": 10, "quota": 4096, "connects": ["file/0"], "heartbeat_ms": 0,
     "restart": {"policy": "OnFailure"}},
    {"name": "sectors", "kind": "Program", "level": 7, "priority": 10, "connects": ["block/0"], "heartbeat_ms": 0,
     "restart": {"policy": "OnFailure"}},
    {"name": "orders", "kind": "Program", "level": 7, "priority": 10, "connects": ["spare"], "grants": ["rs:order"], "heartbeat_ms": 0,
     "restart": {"policy": "OnFailure"}}
]})";

}  // namespace

Scene& scene() {
    static Scene made = [] {
        Scene it;
        const TemporaryFolder root;
        write_pattern_file(root.path() / "big", 50'000, 7);
        std::ofstream(root.path() / "text") << "An eft is a young newt.\n";
        it.big = read_host_file(root.path() / "big");
        it.text = read_host_file(root.path() / "text");
        it.disk = make_image(root.path(), {.size = "512K"});
        it.own_sector = it.disk.size() / 512;
        it.disk.resize(it.disk.size() + kSectors * 512);
        return it;
    }();
    return made;
}

std::unique_ptr<HostSystem> start_scene(const std::function<void(HostSystem&)>& before) {
    scene().forget_reports();
    const std::vector<HostProgram> programs = {{"disk", run_disk},    {"ext2", eft_main_ext2},  {"echo", eft_main_echo},
                                               {"files", read_files}, {"sectors", use_sectors}, {"orders", give_orders}};
    return std::make_unique<HostSystem>(programs, kManifest, before);
}

}  // namespace eft::test
