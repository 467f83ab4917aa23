#include "events.h"

#include "layout.h"
#include "names.h"

namespace idlc {
namespace {

Field number_field(const char* name, const char* comment, unsigned id) {
    Field field;
    field.name = name;
    field.comments = {comment};
    field.id = id;
    field.type.shape = Shape::Integer;
    field.type.size = 8;
    return field;
}

Table event_table(const Service& service, const Method& method, const Table& declared) {
    Table table = declared;
    table.name = {service.name.space, event_table_name(method)};
    table.here = true;
    for (Field& field : table.fields) field.id += 2;
    table.fields.insert(table.fields.begin(), number_field("missed", " Events that were lost before this one.", 1));
    table.fields.insert(table.fields.begin(),
                        number_field("number", " Goes up by one with each event; 0: there is no event.", 0));
    lay_out(table);
    return table;
}

}  // namespace

void expand_events(Schema& schema) {
    for (Service& service : schema.services) {
        if (!service.here) continue;
        std::vector<Method> methods;
        for (const Method& method : service.methods) {
            if (method.event_depth == 0) {
                methods.push_back(method);
                continue;
            }
            schema.tables.push_back(event_table(service, method, *schema.find_table(method.response)));
            Method next = method;
            next.event = method.name;
            next.name = next_name(method);
            next.role = Role::NextEvent;
            next.request = "eft.AfterEvent";
            next.response = schema.tables.back().name.full();
            next.idempotent = true;
            next.restart = Restart::Retry;
            Method subscribe = next;
            subscribe.name = subscribe_name(method);
            subscribe.role = Role::Subscribe;
            subscribe.ordinal |= kSubscribeBit;
            subscribe.request = "eft.Subscription";
            subscribe.response = "eft.Subscribed";
            subscribe.comments = {" To be woken by each " + method.name + "; without a notification: not any more."};
            methods.push_back(next);
            methods.push_back(subscribe);
        }
        service.methods = methods;
    }
}

}  // namespace idlc
