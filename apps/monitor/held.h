// What a person reads where a call was answered ServiceHeld.
#pragma once

#include <eft/idl/rs.h>
#include <eft/ipc/kernel_transport.h>

#include <string>
#include <string_view>

namespace eft::monitor {

// "service held (virtio_blk failed too often; service start virtio_blk starts it)": which service does not run, the one that
// was called (by its name, or one that it provides) or one that it calls in turn. Only "service held" if all run by now.
std::string held_text(rs::RsClient<>& supervisor, std::string_view service);

}  // namespace eft::monitor
