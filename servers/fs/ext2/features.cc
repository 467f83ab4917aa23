#include "fs/ext2/features.h"

#include "fs/ext2/layout.h"

#include <string_view>

namespace eft::ext2 {
namespace {

struct Feature {
    u32 bit;
    std::string_view name;
};

constexpr Feature kRefused[] = {
    {0x1, "compression"},
    {0x4, "needs_recovery (the journal has to be replayed first)"},
    {0x8, "journal_dev"},
    {0x10, "meta_bg"},
    {0x40, "extents"},
    {0x80, "64bit"},
    {0x100, "mmp"},
    {0x200, "flex_bg"},
    {0x400, "ea_inode"},
    {0x1000, "dirdata"},
    {0x2000, "metadata_csum_seed"},
    {0x4000, "large_dir"},
    {0x8000, "inline_data"},
    {0x10000, "encrypt"},
    {0x20000, "casefold"},
};

}  // namespace

Status check_incompatible_features(u32 incompat, Report& report) {
    u32 left = incompat & ~disk::kIncompatFiletype;
    if (left == 0) return {};
    Error error = report.not_supported("superblock: incompatible features that are not supported:");
    for (const Feature& feature : kRefused) {
        if ((left & feature.bit) == 0) continue;
        report.append(" ");
        report.append(feature.name);
        left &= ~feature.bit;
    }
    if (left != 0) {
        report.append(" unknown bits ");
        report.append(left);
    }
    return error;
}

}  // namespace eft::ext2
