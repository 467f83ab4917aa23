#include "monitor/rpc/call.h"

#include <eft/shared_memory.h>
#include <eft/syscall.h>

#include <eft/idl/mem.h>

namespace eft::monitor {
namespace {

using descriptor::Carrier;
using descriptor::Restart;

using Objects = std::array<SharedMemory, kMaxCaps>;

Result<Objects> make_objects(const Message& request) {
    Objects objects;
    for (unsigned i = 0; i < request.cap_count; ++i) {
        EFT_TRY(objects[i], SharedMemory::create(request.memory_bytes[i]));
    }
    return objects;
}

// Into registers and the message page, which every call overwrites.
ipc::Registers load(const Message& message, const Objects& objects, u32 label, u16 sequence) {
    ipc::Registers registers;
    Utcb& page = sys::utcb();
    for (unsigned i = 0; i < message.word_count; ++i) {
        if (i < kRegisterWords) registers.w[i] = message.words[i];
        else page.words[i] = message.words[i];
    }
    for (unsigned i = 0; i < message.cap_count; ++i) page.send_slots[i] = raw(objects[i].object().slot());
    registers.tag = Tag(label, message.word_count, message.cap_count, sequence);
    return registers;
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
    static_cast<void>(memory.release(request).or_error());
}

Message take_reply(const ipc::Registers& registers, const descriptor::Record& response) {
    Message reply;
    const Utcb& page = sys::utcb();
    reply.word_count = registers.tag.words();
    reply.cap_count = registers.tag.caps();
    for (unsigned i = 0; i < reply.word_count; ++i) reply.words[i] = i < kRegisterWords ? registers.w[i] : page.words[i];
    ipc::ReceivedCaps caps(sys::utcb, registers.tag);
    for (unsigned i = 0; i < reply.cap_count; ++i) {
        const auto cap = caps.take<ipc::kind::Any>(i);
        if (is_memory(response, i)) release_memory(cap.slot());
    }
    return reply;
}

Error exchange(Slot slot, Carrier carrier, ipc::Registers& registers) {
    if (carrier == Carrier::Oneway) return sys::send(slot, registers);
    if (carrier == Carrier::OnewayLossy) return sys::poll_send(slot, registers);
    const Error error = sys::call(slot, registers);
    return error != Error::None ? error : static_cast<Error>(registers.tag.label());
}

// Nothing of the request has happened where a session is gone before; what died in the middle may be repeated only if the
// interface says so.
bool wants_new_session(Error error, Restart restart) {
    return error == Error::InvalidCapability || (error == Error::StaleSession && (restart == Restart::Retry || restart == Restart::Reopen)) ||
           (error == Error::PeerDied && restart == Restart::Reopen);
}

}  // namespace

Result<Message> call(Endpoints& endpoints, Endpoint& endpoint, const descriptor::Service& service, const descriptor::Method& method,
                     const descriptor::Record& response, const Message& request) {
    EFT_TRY(const Objects objects, make_objects(request));
    if (method.once() && ++endpoint.sequence == 0) ++endpoint.sequence;  // 0 means: no number
    const u32 label = make_label(service.id(), method.ordinal());
    unsigned deaths = 0;
    for (bool reopened = false;;) {
        ipc::Registers registers = load(request, objects, label, method.once() ? endpoint.sequence : u16{0});
        const Error error = exchange(endpoint.slot, method.carrier(), registers);
        if (error == Error::None) return method.carrier() == Carrier::Call ? take_reply(registers, response) : Message();
        if (error == Error::PeerDied && ++deaths == 2) return Error::ServiceFailed;
        if (error == Error::PeerDied && method.restart() == Restart::Retry) continue;
        if (reopened || !wants_new_session(error, method.restart()) || !endpoints.reopen(endpoint).ok()) return error;
        reopened = true;
    }
}

}  // namespace eft::monitor
