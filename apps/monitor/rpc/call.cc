#include "monitor/rpc/call.h"

#include <eft/shared_memory.h>
#include <eft/syscall.h>

#include <eft/idl/mem.h>

namespace eft::monitor {
namespace {

using descriptor::Carrier;
using descriptor::Restart;

u64 operation_of(Carrier carrier) {
    switch (carrier) {
        case Carrier::Oneway: return sys::number(SystemCall::Send);
        case Carrier::OnewayLossy: return sys::number(SystemCall::Send, true);
        default: return sys::number(SystemCall::Call);
    }
}

using Objects = std::array<SharedMemory, kMaxCaps>;

Result<Objects> make_objects(const Message& request) {
    Objects objects;
    for (unsigned i = 0; i < request.cap_count; ++i) {
        if (request.lent[i] != Slot::None) continue;
        EFT_TRY(objects[i], SharedMemory::create(request.memory_bytes[i]));
    }
    return objects;
}

void load(Calls::Caller& caller, const Message& message, const Objects& objects, u32 label, u16 sequence) {
    ipc::Registers& registers = caller.registers();
    Utcb& page = caller.page();
    for (unsigned i = 0; i < message.word_count; ++i) {
        if (i < kRegisterWords) registers.w[i] = message.words[i];
        else page.words[i] = message.words[i];
    }
    for (unsigned i = 0; i < message.cap_count; ++i)
        page.send_slots[i] = raw(message.lent[i] != Slot::None ? message.lent[i] : objects[i].object().slot());
    registers.tag = Tag(label, message.word_count, message.cap_count, sequence);
}

bool is_memory(const descriptor::Record& record, unsigned index) {
    for (const descriptor::Field* field : *record.fields())
        if (field->type()->shape() == descriptor::Shape::Cap && field->cap_index() == index) return text(field->cap_kind()) == "memory";
    return false;
}

// Only its owner can release an object; to all others mem says so.
void release_memory(Slot object) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    mem::Object request;
    request.object = ipc::CapField<ipc::kind::Memory>(object);
    static_cast<void>(memory.release(request));
}

Message take_reply(Calls::Caller& caller, const descriptor::Record& response) {
    Message reply;
    const ipc::Registers& registers = caller.registers();
    reply.word_count = registers.tag.words();
    reply.cap_count = registers.tag.caps();
    for (unsigned i = 0; i < reply.word_count; ++i) reply.words[i] = i < kRegisterWords ? registers.w[i] : caller.page().words[i];
    ipc::ReceivedCaps caps = caller.take_caps();
    for (unsigned i = 0; i < reply.cap_count; ++i) {
        const auto cap = caps.take<ipc::kind::Any>(i);
        if (is_memory(response, i)) release_memory(cap.slot());
    }
    return reply;
}

// Nothing of the request has happened where a session is gone before; what died in the middle may be repeated only if the
// interface says so.
bool wants_new_session(Error error, Restart restart) {
    return error == Error::InvalidCapability || (error == Error::StaleSession && (restart == Restart::Retry || restart == Restart::Reopen)) ||
           (error == Error::PeerDied && restart == Restart::Reopen);
}

// Whoever leaves a call leaves its session.
struct OpenCall {
    Endpoints& endpoints;
    Endpoint& endpoint;
    u64 badge = endpoint.badge;  // of the session at the call's beginning
    bool in_progress = false;
    ~OpenCall() {
        if (in_progress && endpoint.badge == badge) endpoints.close(endpoint);
    }
};

}  // namespace

Task<Result<Message>> call(Endpoints& endpoints, Endpoint& endpoint, Called called, const Message& request) {
    const descriptor::Method& method = called.method;
    EFT_CO_TRY(const Objects objects, make_objects(request));
    if (method.once() && ++endpoint.sequence == 0) ++endpoint.sequence;  // 0 means: no number
    const u32 label = make_label(called.service.id(), method.ordinal());
    unsigned deaths = 0;
    for (bool reopened = false;;) {
        OpenCall open{endpoints, endpoint};
        EFT_CO_TRY(Calls::Caller caller, endpoints.calls().caller());
        load(caller, request, objects, label, method.once() ? endpoint.sequence : u16{0});
        open.in_progress = true;
        Error error = co_await caller.make(endpoint.slot, operation_of(method.carrier()));
        open.in_progress = false;
        const bool answered = error == Error::None && method.carrier() == Carrier::Call;
        if (answered) error = static_cast<Error>(caller.registers().tag.label());
        if (error == Error::None) co_return answered ? take_reply(caller, called.response) : Message();
        if (answered) static_cast<void>(caller.take_caps());
        if (error == Error::PeerDied && ++deaths == 2) co_return Error::ServiceFailed;
        if (error == Error::PeerDied && method.restart() == Restart::Retry) continue;
        if (reopened || !wants_new_session(error, method.restart())) co_return error;
        if (endpoint.badge == open.badge && !endpoints.reopen(endpoint).ok()) co_return error;
        reopened = true;
    }
}

}  // namespace eft::monitor
