#include "system.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace eft::qemu {
namespace {

std::string random_bytes(unsigned long long count) {
    std::random_device seed;
    std::mt19937_64 generator((static_cast<unsigned long long>(seed()) << 32) | seed());
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
        const unsigned long long word = generator();
        for (unsigned j = 0; j < 8; ++j) bytes[i + j] = static_cast<char>(word >> (8 * j));
    }
    return bytes;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// As QEMU names them.
std::vector<std::string> further_devices() {
    const auto manifest = nlohmann::json::parse(std::ifstream(EFT_SOURCE_DIR "/images/manifest/manifest.json"));
    std::vector<std::string> devices;
    for (const auto& service : manifest.at("services"))
        if (service.contains("device") && service.at("device").at("match") == "pci:1234:11e8") devices.push_back("edu");
    return devices;
}

}  // namespace

std::string sum_in(const std::string& output) { return output.substr(0, output.find(' ')); }

TestDisk::TestDisk(unsigned big_mebibytes, unsigned block_size, const std::vector<Copy>& copies) : bytes_(big_mebibytes * 1024ull * 1024) {
    const std::string big = folder_.write("files/big.bin", random_bytes(bytes_));
    folder_.write("files/hello.txt", "hello from the disk\n");
    folder_.write("files/dir/inner.txt", "inner\n");
    for (const Copy& copy : copies) folder_.write("files/" + copy.name, read_file(copy.from));
    sum_ = sum_in(output_of("sha256sum " + big));
    path_ = folder_.path() + "/disk.img";
    make_ext2_image(folder_.path() + "/files", path_, big_mebibytes + 16, block_size);
}

std::string TestDisk::big() const { return read_file(folder_.path() + "/files/big.bin"); }

System::System(const Choice& choice) {
    MachineOptions options;
    options.memory_mib = choice.memory_mib;
    options.icount = choice.icount;
    options.idles = choice.idles;
    options.cards = choice.cards;
    if (!choice.archive.empty()) options.archive = choice.archive;
    if (!choice.disk.empty()) options.disks.push_back({.path = choice.disk, .keep_writes = false});
    if (!choice.monitor.empty()) options.extra = {"-qmp", "unix:" + choice.monitor + ",server=on,wait=off"};
    for (const std::string& device : further_devices()) options.extra.insert(options.extra.end(), {"-device", device});
    machine_ = std::make_unique<Machine>(options);
    prompt_ = std::make_unique<Prompt>(machine_->console(), std::chrono::seconds(60));
}

System::~System() = default;

std::string System::run(const std::string& line, int seconds) { return prompt_->run(line, std::chrono::seconds(seconds)); }
int System::status() { return prompt_->status(); }
void System::shut_down() { qemu::shut_down(*machine_, std::chrono::seconds(30)); }

std::map<std::string, ServiceLine> System::services() {
    std::map<std::string, ServiceLine> services;
    std::istringstream lines(run("service list"));
    std::string line;
    std::getline(lines, line);  // the header
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string name;
        ServiceLine service;
        std::string recovery;  // "-" if there was none
        if (words >> name >> service.kind >> service.state >> service.pid >> service.incarnation >> service.restarts >> recovery) {
            service.last_recovery_us = recovery == "-" ? 0 : std::stol(recovery);
            services[name] = service;
        }
    }
    if (services.empty()) throw std::runtime_error("`service list` printed no service\n" + machine_->console().tail());
    return services;
}

unsigned long long System::bytes_read() {
    unsigned long long bytes = 0;
    for (const auto& device : machine_->control().command("query-blockstats")) {
        bytes += device.at("stats").at("rd_bytes").get<unsigned long long>();
    }
    return bytes;
}

// The first lines are a table, whose columns are named after row and column; the others are pairs of name and number.
std::map<std::string, long> System::free() {
    std::map<std::string, long> values;
    std::istringstream lines(run("free"));
    std::vector<std::string> columns;
    for (std::string line; std::getline(lines, line);) {
        std::replace(line.begin(), line.end(), ',', ' ');
        std::istringstream words(line);
        std::string name;
        if (columns.empty()) {
            while (words >> name) columns.push_back(name);
            continue;
        }
        long value = 0;
        const bool row = line.starts_with("memory");
        while (words >> name && !row && words >> value) values[name] = value;
        for (std::size_t i = 0; row && i < columns.size() && words >> value; ++i) values[columns[i]] = value;
    }
    for (const char* wanted : {"USED_KIB", "FREE_KIB", "slots", "spaces", "objects"}) {
        if (!values.contains(wanted)) throw std::runtime_error(std::string("`free` does not say ") + wanted);
    }
    return values;
}

}  // namespace eft::qemu
