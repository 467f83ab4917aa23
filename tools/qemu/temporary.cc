#include "temporary.h"

#include "child.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace eft::qemu {

TemporaryFolder::TemporaryFolder() {
    path_ = std::filesystem::temp_directory_path() / "eft-XXXXXX";
    if (!mkdtemp(path_.data())) throw std::runtime_error("cannot make a folder like " + path_);
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + path.string());
    return path;
}

void make_ext2_image(const std::string& folder, const std::string& image, unsigned mebibytes, unsigned block_size) {
    const std::string tool = std::string(EFT_SOURCE_DIR) + "/images/disk/make-disk";
    Child child({tool, folder, image, std::to_string(mebibytes), std::to_string(block_size)}, {});
    const auto status = child.wait(after(std::chrono::seconds(60)));
    if (status != 0) throw std::runtime_error("cannot make " + image);
}

}  // namespace eft::qemu
