// A copy of the source tree, without what is built, for tests that change it.
#pragma once

#include <temporary.h>

#include <map>
#include <string>

namespace eft::documents {

struct Ended {
    int status = 0;
    std::string printed, errors;  // standard output, and standard error
};

class TreeCopy {
public:
    // Of EFT_SOURCE_DIR.
    TreeCopy();

    const std::string& top() const { return top_; }
    // By bash, at the top of the copy. One that takes longer than `seconds` ends with status 124.
    Ended run(const std::string& command, int seconds = 600) const;
    void write(const std::string& path, const std::string& text) const;
    // All files with their contents, apart from what is built.
    std::map<std::string, std::string> files() const;

private:
    qemu::TemporaryFolder folder_;
    std::string top_;
};

}  // namespace eft::documents
