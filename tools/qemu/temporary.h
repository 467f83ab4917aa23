// A folder of a test's own, which is removed with all that is in it.
#pragma once

#include <string>
#include <string_view>

namespace eft::qemu {

class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    const std::string& path() const { return path_; }
    // Writes a file there, making folders as needed, and returns its path.
    std::string write(const std::string& name, std::string_view bytes) const;

private:
    std::string path_;
};

// An ext2 image of `mebibytes` with the contents of `folder`, made by images/disk/make-disk. Throws with mke2fs' status
// if it cannot be made.
void make_ext2_image(const std::string& folder, const std::string& image, unsigned mebibytes, unsigned block_size);

}  // namespace eft::qemu
