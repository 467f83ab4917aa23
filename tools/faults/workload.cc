#include "workload.h"

#include <child.h>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <random>

namespace eft::faults {
namespace {

std::string joined(const nlohmann::json& lines) {
    std::string text;
    for (const auto& line : lines) text += line.get<std::string>() + "\n";
    return text;
}

std::string random_bytes(const std::string& name, std::uint64_t count) {
    std::mt19937_64 generator(std::hash<std::string>()(name));
    std::string bytes;
    if (name.ends_with(".txt")) {
        while (bytes.size() + 33 <= count) {
            for (unsigned i = 0; i < 32; ++i) bytes += static_cast<char>('a' + generator() % 26);
            bytes += '\n';
        }
        return bytes;
    }
    bytes.reserve(count + 8);
    while (bytes.size() < count) {
        const std::uint64_t word = generator();
        bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    bytes.resize(count);
    return bytes;
}

std::string sum_of(const std::string& path) {
    const std::string text = qemu::output_of("sha256sum " + qemu::quoted(path));
    if (text.empty()) throw std::runtime_error("sha256sum says nothing of " + path);
    return text.substr(0, text.find(' '));
}

}  // namespace

Workload::Workload(const std::string& path) : name_(std::filesystem::path(path).stem()), snapshot_ms_(0) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("there is no workload at " + path);
    try {
        const auto manifest = nlohmann::json::parse(file);
        archive_ = manifest.contains("archive") ? EFT_TARGET_TREE "/" + manifest.at("archive").get<std::string>() + ".archive"
                                                : EFT_BOOT_ARCHIVE;
        warm_up_ = joined(manifest.at("warm_up"));
        script_ = joined(manifest.at("script"));
        snapshot_ms_ = manifest.at("snapshot_ms").get<unsigned>();
        files_ = manifest.at("files").get<std::map<std::string, std::uint64_t>>();
        expect_ = manifest.at("expect").get<std::vector<std::string>>();
    } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

void Workload::write_files(const std::string& folder) const {
    std::filesystem::create_directories(folder);
    for (const auto& [name, bytes] : files_) {
        std::ofstream file(folder + "/" + name, std::ios::binary);
        file << random_bytes(name, bytes);
        if (!file.flush()) throw std::runtime_error("cannot write " + folder + "/" + name);
    }
}

std::vector<std::string> Workload::expected_lines(const std::string& folder) const {
    std::vector<std::string> lines;
    for (std::string line : expect_) {
        if (line.starts_with("${lines ")) {
            std::ifstream file(folder + "/" + line.substr(8, line.size() - 9));
            for (std::string each; std::getline(file, each);) lines.push_back(each);
            continue;
        }
        if (line.starts_with("${sum ")) {
            const std::size_t end = line.find('}');
            line = sum_of(folder + "/" + line.substr(6, end - 6)) + line.substr(end + 1);
        }
        lines.push_back(line);
    }
    return lines;
}

}  // namespace eft::faults
