#include "image.h"

#include <doctest/doctest.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

namespace eft::test {
namespace fs = std::filesystem;
namespace {

void run(const std::string& command) {
    // Without leak checking by a sanitizer in a child: these tools are not ours.
    FILE* pipe = popen(("PATH=$PATH:/usr/sbin:/sbin; { " + command + "; } 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    char piece[512];
    while (std::size_t count = std::fread(piece, 1, sizeof(piece), pipe)) output.append(piece, count);
    int status = pclose(pipe);
    INFO(command, ": ", output);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
}

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

}  // namespace

TemporaryFolder::TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "eft-ext2-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void write_pattern_file(const fs::path& path, std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> words((size + 7) / 8);
    for (auto& word : words) word = random();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(size));
    REQUIRE(file.good());
}

std::string read_host_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Image make_image(const fs::path& root, const ImageOptions& options) {
    TemporaryFolder folder;
    fs::path image = folder.path() / "image";
    run("mke2fs -q -F -t ext2 -b " + std::to_string(options.block_size) + " -I " + std::to_string(options.inode_size) +
        " " + options.extra + " -d " + quoted(root) + " " + quoted(image) + " " + options.size);
    if (!options.debugfs.empty()) {
        fs::path commands = folder.path() / "commands";
        std::ofstream file(commands);
        for (const std::string& command : options.debugfs) file << command << '\n';
        file.close();
        run("debugfs -w -f " + quoted(commands) + " " + quoted(image));
    }
    Image bytes(fs::file_size(image));
    std::ifstream file(image, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
    return bytes;
}

void fill_sample_tree(const fs::path& root) {
    fs::create_directories(root / "deep/er/and/deeper");
    fs::create_directories(root / "empty_folder");
    std::ofstream(root / "hello.txt") << "hello, newt\n";
    std::ofstream(root / "empty.txt").close();
    std::ofstream(root / "deep/er/and/deeper/file") << "bottom";
    std::ofstream(root / std::string(255, 'n')) << "long name";
    write_pattern_file(root / "direct.bin", 12 * 1024 - 5, 1);
    write_pattern_file(root / "single.bin", 200 * 1024 + 17, 2);
    write_pattern_file(root / "double.bin", 3 * 1024 * 1024 + 1, 3);
    // Holes at the start, inside and at the end; the piece in between is not aligned.
    std::ofstream sparse(root / "sparse.bin", std::ios::binary);
    sparse.seekp(700'001);
    sparse << "island";
    sparse.close();
    fs::resize_file(root / "sparse.bin", 2'000'000);
    fs::create_symlink("hello.txt", root / "fast_link");
    fs::create_symlink("deep" + std::string(120, '/') + "er/../er/./and//deeper/file", root / "slow_link");
    fs::create_symlink("deep/er", root / "folder_link");
    fs::create_symlink("../../hello.txt", root / "deep/er/up_link");
    fs::create_symlink("nowhere", root / "dangling");
    fs::create_hard_link(root / "hello.txt", root / "deep/hard_link");
    fs::permissions(root / "hello.txt", fs::perms{0640});
}

}  // namespace eft::test
