// Incompatible features, refused by name. Section "s_feature_incompat", and Linux's for those of ext3 and ext4.
#pragma once

#include "fs/ext2/report.h"

#include <eft/abi/result.h>
#include <eft/abi/types.h>

namespace eft::ext2 {

// An error that lists every feature of `incompat` that this reader does not have.
Status check_incompatible_features(u32 incompat, Report& report);

}  // namespace eft::ext2
