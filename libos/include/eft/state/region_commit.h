// What the server loop does around the reply of each step so that the state region commits with it.
//
//   RegionCommit commit(region.log(), sessions);   ServerLoop loop(&commit);
// A server without sessions of StatefulServer's has none here; its interface has no `once` method.
// A step whose handler has left no transaction open, and in which nothing was noted, costs two tests.
#pragma once

#include <eft/panic.h>
#include <eft/reply_commit.h>
#include <eft/state/session_table.h>

namespace eft {

class RegionCommit final : public ReplyCommit {
public:
    RegionCommit(UndoLog& log, AnySessions& sessions) : log_(&log), sessions_(&sessions) {
        if (!log.reserve(sessions.reserve()).ok()) panic("the undo log is smaller than a session");
    }
    explicit RegionCommit(UndoLog& log) : log_(&log), sessions_(nullptr) {}

    // The sum of the replies of all incarnations, once this one is out.
    void before_reply(u64 expected) override {
        if (log_->phase() != UndoLog::Phase::Open) return;
        if (sessions_) sessions_->seal();
        log_->expect(expected);
    }
    void after_reply() override { log_->close(); }
    void undo_reply() override { log_->abort(); }
    void end_step() override {
        if (sessions_) sessions_->seal();
        log_->close();
    }

    bool changing() const override { return log_->phase() != UndoLog::Phase::Closed; }

    // The dispatcher writes the record of a `once` reply: in the handler's transaction, or in one of its own where the
    // handler has none, or has taken it back.
    void before_change(std::span<std::byte> bytes) override {
        if (log_->phase() == UndoLog::Phase::Closed) static_cast<void>(log_->begin());
        if (!sessions_ || !sessions_->note_change(bytes).ok()) panic("no room in the undo log for the reply of a once method");
    }

private:
    UndoLog* log_;
    AnySessions* sessions_;  // or null
};

}  // namespace eft
