// One invocation in the model: who invokes what with which arguments, and the answer.
#pragma once

#include "model.h"

namespace eft::model {

class Invoker {
public:
    Invoker(Model& model, Id thread, CapId cap) : m_(model), thread_(thread), cap_(cap) {}
    Error run();

private:
    Error route();
    Error untyped();
    Error table();
    Error derive(Place to, bool exists);
    Error thread();
    Error configure(Id target);
    Error exchange_reply(Id target);
    Error set_context(Id target);
    Error frame();
    Error space();
    Error context();
    Error irq();
    Error ports();
    CapId find(u64 index, ObjectType type) const;
    Error find_with(u64 index, ObjectType type, Rights right, CapId& found) const;
    void answer(u64 a, u64 b = 0, u64 c = 0, u64 d = 0);

    Model& m_;
    Id thread_;
    CapId cap_;
    Invocation operation_{};
    Words a_{}, words_{};
    unsigned count_ = 0, extra_ = 0;
};

}  // namespace eft::model
