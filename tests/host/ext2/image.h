// Disk images for the ext2 tests, made at test time by the real tools of e2fsprogs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace eft::test {

using Image = std::vector<std::byte>;

// A folder of its own that goes away with it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct ImageOptions {
    unsigned block_size = 1024;
    unsigned inode_size = 256;
    std::string extra = {};  // further options of mke2fs
    std::string size = "16M";
    std::vector<std::string> debugfs = {};  // commands to run on the image
};

// A file with reproducible contents that differ everywhere.
void write_pattern_file(const std::filesystem::path& path, std::size_t size, unsigned seed);
// mke2fs -d: an image of what lies in `root`. Fails the test with the tools' output if they fail.
Image make_image(const std::filesystem::path& root, const ImageOptions& options);
std::string read_host_file(const std::filesystem::path& path);

// Everything that the tests of contents need: nested folders, small and large files, holes, links of all kinds.
void fill_sample_tree(const std::filesystem::path& root);

}  // namespace eft::test
