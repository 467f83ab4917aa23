// The parts of the emitter of encoding 3.
#pragma once

#include "emit.h"

namespace idlc {

// Lies outside of its table, which has an offset to it.
inline bool is_reference(const Field& field) {
    switch (field.type.shape) {
        case Shape::String:
        case Shape::Vector:
        case Shape::Table:
        case Shape::Union: return true;
        default: return false;
    }
}
// Of a vector; else Integer.
inline Shape element_shape(const Field& field) {
    return field.type.shape == Shape::Vector ? field.type.element[0].shape : Shape::Integer;
}

void emit_put(Text& text, const Schema& schema, const Table& table);
// What a sender puts where a union stands: one of its tables, by reference.
void emit_reference(Text& text, const Enum& type);
void emit_reference_bodies(Text& text, const Enum& type);

}  // namespace idlc
