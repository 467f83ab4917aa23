// The interface as it was released, against the one that is compiled.
//
// A server is replaced under clients that run, so what counts is a released client at the new server:
//
//   error      a released client that changes nothing no longer works. What it may send is refused, what it is answered it
//              refuses or reads wrongly, or what it was promised for the death of its server no longer holds.
//   warning    only a new client at a released server suffers: servers have to be replaced before their clients.
//
// What a client has to ask for, a new call, a longer string in a request, a further enum value there, is an addition: a
// released server refuses it like any other mistake, and nothing is said.
#pragma once

#include "diagnostics.h"
#include "model.h"
#include "source.h"

#include <set>
#include <tuple>

namespace idlc {

// A schema that check_types() and check_services() have completed, and its text.
struct Edition {
    const Schema& schema;
    const Source& source;
};

// Lines are those of `now`; hints name lines of `released` where something is gone.
void check_compatible(const Edition& released, const Edition& now, Diagnostics& diagnostics);

// Who fills a table decides which way a bound of it may move.
enum class Direction {
    Request,   // a client
    Response,  // a server
};

// The part for messages (compatible_types.cc) and the values in them (compatible_values.cc).
class TypeComparison {
public:
    TypeComparison(const Edition& released, const Edition& now, Diagnostics& diagnostics)
        : released_(released), now_(now), diagnostics_(diagnostics) {}

    // A table and those in it. `line`: where to point to for what is not declared in this file.
    void compare(const Table& before, const Table& after, Direction direction, int line);
    // Whether a comparison has come to this table of the released edition, and beside this one; null: any.
    bool has_seen(const Table& before, const Table* after) const;
    // An interface's error codes: clients compare them, nobody checks them.
    void compare_errors(const Enum& before, const Enum& after, int line);

private:
    struct Place {
        const Table& table;
        const Field& field;
        int line;
        Direction direction;
    };
    void compare_field(const Field& before, const Place& after);
    void compare_bound(const Field& before, const Place& after);
    void compare_presence(const Field& before, const Place& after);
    void compare_cap(const Field& before, const Place& after);
    void compare_rights(const Field& before, const Place& after);
    void check_new_field(const Field& field, const Table& before, const Place& place);
    // False if their bytes differ.
    bool same_type(const Type& before, const Type& after);
    void compare_named(const Type& before, const Type& after, const Place& place);
    void compare_enum(const Enum& before, const Enum& after, const Place& place);
    void compare_cases(const Enum& before, const Enum& after, const Place& place);
    void compare_struct(const Table& before, const Table& after, const Place& place);
    void compare_values(const Enum& before, const Enum& after, const std::string& hint, int line);

    int line_of(const Name& name, const std::string& member, int otherwise) const;
    void broken(const Place& place, const std::string& what, const std::string& hint);
    // What a released sender does and a new receiver refuses.
    void narrowed(const Place& place, const std::string& what, const std::string& hint);
    // What a new sender does unasked and a released receiver refuses.
    void widened(const Place& place, const std::string& what, const std::string& hint);

    const Edition& released_;
    const Edition& now_;
    Diagnostics& diagnostics_;
    // The released table, the one that now stands there, and who fills it: calls that had one table can have several now.
    std::set<std::tuple<const Table*, const Table*, Direction>> seen_;
};

}  // namespace idlc
