// What the live page shows, for those who look: told when it changes.
//
// A listener gets everything at first, and then what has become different. As long as nobody listens nothing is asked for; the
// last that has happened to services waits in rs' queue, over the death of this process, too. Calls go to servers that answer
// soon; what one that is held would say is left out.
#pragma once

#include "httpd/facts.h"

#include <eft/socket/sockets.h>
#include <eft/wake_loop.h>

#include <eft/idl/log.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eft::httpd {

class Feed final : private WakeSource {
public:
    static constexpr std::size_t kListeners = 8;

    struct Rights {
        bool may_kill = false;
        std::string token;  // that the page must name
    };
    Feed(WakeLoop& loop, rs::RsClient<>& supervisor, socket::Sockets& sockets, const Rights& rights)
        : loop_(loop), supervisor_(supervisor), sockets_(sockets), rights_(rights) {}
    Feed(const Feed&) = delete;
    ~Feed() { loop_.remove(*this); }

    Status connect();
    bool is_full() const { return listeners_.size() == kListeners; }
    bool has_listeners() const { return !listeners_.empty(); }
    // From time to time.
    void on_tick();

    class Listener {
    public:
        // `after`: the last id that this one has seen, of an earlier stream; empty: none.
        Listener(Feed& feed, std::string_view after);
        Listener(const Listener&) = delete;
        ~Listener();
        // What there is to be sent, once there is something. Empty: it took too little in time, and has missed something.
        Task<std::string> next();

    private:
        friend class Feed;
        void append(std::string_view text);

        static constexpr std::size_t kMostPending = 256 * 1024;
        Feed& feed_;
        std::string pending_;
        bool has_missed_ = false;
        WaitList changed_;
    };

private:
    static constexpr std::size_t kMostOldLog = 64 * 1024;

    void on_wake() override;
    bool prepare_to_sleep() override { return true; }

    void tell(std::string_view text);
    void tell_changes();
    void tell_services();
    void tell_log();
    void tell_load();
    void tell_links();
    std::string hello_json(bool is_whole_log) const;
    // Sets what is known of the services; true: it has changed.
    bool ask_services();
    bool ask_links();
    void add_links_of(const std::string& name);
    std::string ask_load();
    // Moves the cursor on; one event, with the cursor as its id. Empty: there is nothing newer.
    std::string ask_log(u64& cursor);
    std::string old_log(u64 after);
    Result<syslog::LogClient<>*> log();

    WakeLoop& loop_;
    rs::RsClient<>& supervisor_;
    socket::Sockets& sockets_;
    const Rights& rights_;
    CapHandle wake_;
    proc::ProcClient<> processes_{CapHandle(slot(WellKnown::Process))};
    mem::MemClient<> memory_{CapHandle(slot(WellKnown::Memory))};
    std::optional<syslog::LogClient<>> log_;
    std::vector<Listener*> listeners_;
    u64 seen_change_ = 0;
    u64 log_cursor_ = 0;
    unsigned ticks_ = 0;
    std::string services_, links_;
    std::vector<std::string> names_;  // of the services that are no core servers
};

}  // namespace eft::httpd
