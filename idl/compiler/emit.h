// Writes the model as C++. One header per schema; see docs of the parts:
//   emit_types    enums and structs, with what makes one of them valid
//   emit_message  tables: the plain struct, its place in a message, encode, check, load
//   emit_flatbuffer  tables of encoding 3: what is sent, and the view that is received
//   emit_service  constants, the method table, the server's concept and dispatcher
//   emit_client   the client, one method per call; the ring's producer and consumer
#pragma once

#include "model.h"
#include "source.h"
#include "text.h"

#include <string>

namespace idlc {

std::string emit_header(const Schema& schema, const Source& source);
// The reference page, in Markdown.
std::string emit_reference(const Schema& schema, const Source& source);
// Tables for hostile clients: <eft/idl/hostile/NAME.h>.
std::string emit_hostile(const Schema& schema, const Source& source);
// For host tests: <eft/idl/mock/NAME.h>, and the fuzz targets.
std::string emit_mock(const Schema& schema, const Source& source);
std::string emit_fuzz(const Schema& schema, const Source& source);
// A test of each message of the file, for tests/host/idl.
std::string emit_round_trip(const Schema& schema, const Source& source);
// Not C++: the bytes of an interface descriptor (idl/descriptor).
std::string emit_descriptor(const Schema& schema);

void emit_enum(Text& text, const Enum& type);
void emit_struct(Text& text, const Schema& schema, const Table& type);
void emit_message(Text& text, const Schema& schema, const Table& table);
// Encoding 3. All of a file's are declared before the first is defined: they may refer to each other.
void emit_flatbuffers(Text& text, const Schema& schema);
// How receivers name a table: X, or XView for a FlatBuffer.
std::string received_name(const Schema& schema, const std::string& full, const std::string& space);
void emit_service(Text& text, const Schema& schema, const Service& service);
void emit_client(Text& text, const Schema& schema, const Service& service);
void emit_ring(Text& text, const Schema& schema, const Service& service);
void emit_poll_ring(Text& text, const Service& service);
// Within the struct of a service with sessions, and of a method that attaches.
void emit_attachment(Text& text, const Schema& schema, const Service& service);
void emit_attach_fields(Text& text, const Schema& schema, const Method& method);

// How a scalar, enum or struct is written in C++ inside namespace `space`.
std::string cpp_type(const Type& type, const std::string& space);
// True if not every bit pattern is a value: it contains a bool, or an enum other than Error.
bool needs_check(const Schema& schema, const Type& type);
// The default of a scalar field as C++; empty if it is zero.
std::string default_of(const Schema& schema, const Field& field, const std::string& space);
// The condition under which `value`, a C++ expression, is one: bool, enum or struct.
std::string check_of(const Type& type, const std::string& value);

}  // namespace idlc
