// The prompt's stub for rs. It waits for its answers, as stubs do: whatever uses it runs in Calls::run().
#pragma once

#include <eft/idl/rs.h>
#include <eft/ipc/detour.h>

namespace eft::monitor {

using Supervisor = rs::RsClient<ipc::DetourTransport>;

// A result, whatever the interface says about restarts: here a lost call is an error like any other.
template <class T>
Result<T> settled(Result<T> result) {
    return result;
}
template <class T>
Result<T> settled(ipc::Unsettled<T> result) {
    return std::move(result).or_error();
}

// The line of each service, until `visit` answers true.
template <class Visit>
Status visit_services(Supervisor& supervisor, Visit visit) {
    for (rs::Cursor cursor;;) {
        auto line = settled(supervisor.next(cursor));
        if (!line.ok()) return line.error() == Error::NotFound ? Status() : Status(line.error());
        if ((line->index <= cursor.after && cursor.after != 0) || visit(*line)) return {};
        cursor.after = line->index;
    }
}

}  // namespace eft::monitor
