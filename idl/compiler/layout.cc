#include "layout.h"

#include <algorithm>
#include <bit>

namespace idlc {
namespace {

struct Place {
    unsigned size;
    unsigned align;
};

Place place_of(const Field& field) {
    switch (field.type.shape) {
        case Shape::Cap: return {0, 1};
        case Shape::Area: return {8, 8};
        case Shape::String:
        case Shape::Vector: return {4, 4};
        case Shape::Struct: {
            unsigned size = field.type.size > 8 ? (field.type.size + 7) / 8 * 8 : std::bit_ceil(field.type.size);
            return {size, std::min(size, 8u)};
        }
        default: return {field.type.size, field.type.size};
    }
}

unsigned element_size(const Type& type) { return type.shape == Shape::String ? 1 : type.element[0].size; }

}  // namespace

void lay_out(Table& table) {
    table.tail_words = table.caps = table.required_caps = 0;
    table.has_area = table.narrows = false;
    if (table.is_flatbuffer) {  // a word that describes the buffer, and the buffer
        table.flat_words = 1;
        table.tail_words = kMaxMessageWords - 4;
        return;
    }
    for (const Field& field : table.fields)
        if (field.type.shape == Shape::String || field.type.shape == Shape::Vector)
            table.tail_words += (field.max * element_size(field.type) + 7) / 8;

    unsigned end = table.has_tail() ? 2 : 0;
    unsigned optionals = 0, presence_byte = 0;
    for (Field& field : table.fields) {
        Place place = place_of(field);
        if (place.align == 0) continue;  // refused before
        if (field.optional) {
            if (optionals % 8 == 0) presence_byte = end++;
            field.presence_bit = presence_byte * 8 + optionals++ % 8;
        }
        end = (end + place.align - 1) / place.align * place.align;
        field.offset = end;
        end += place.size;
        if (field.type.shape == Shape::Cap) {
            field.cap_index = table.caps++;
            if (!field.attributes.contains("optional")) table.required_caps = table.caps;
        }
        if (field.type.shape == Shape::Cap && field.rights != kAllRights) table.narrows = true;
        if (field.type.shape == Shape::Area) table.has_area = true;
    }
    table.flat_words = (end + 7) / 8;
}

}  // namespace idlc
