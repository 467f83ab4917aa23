// What all connections of the server have in common.
#pragma once

#include "httpd/feed.h"

#include <eft/file.h>
#include <eft/wake_loop.h>

#include <eft/idl/rs.h>

namespace eft::httpd {

struct Site {
    WakeLoop& loop;
    rs::RsClient<>& supervisor;
    const Feed::Rights& rights;
    Feed& feed;
    FileSystem& files;
    u64 now = 0;           // in ticks
    WaitList ticked = {};  // for the next one
};

}  // namespace eft::httpd
