//! `syslog` and `fdlist`.

use super::define::class;

class! {
    /// A message that was written to the system log.
    SyslogField, Syslog, "syslog";
    FacilityName = "syslog.facility.str" Str, "Facility by name.", "syslog.facility.str = authpriv";
    Facility = "syslog.facility" Uint, "Facility by number, 0 to 23.", "syslog.facility = 10";
    SeverityName = "syslog.severity.str" Str, "Severity by name.", "syslog.severity.str = err";
    Severity = "syslog.severity" Uint, "Severity by number: 0 is the worst, 7 the least.", "syslog.severity <= 3";
    Message = "syslog.message" Str, "The message, as far as it was recorded.", "syslog.message contains 'session opened'";
}

class! {
    /// The descriptors that a call waits for (poll).
    FdlistField, Fdlist, "fdlist";
    Nums = "fdlist.nums" Str, "Their numbers, separated by commas.", "fdlist.nums contains 5";
    Names = "fdlist.names" Str, "Their names. Has no value: a trace does not tell it.", "fdlist.names exists";
    Cips = "fdlist.cips" Str, "Addresses of the clients. Has no value: a trace does not tell it.", "fdlist.cips exists";
    Sips = "fdlist.sips" Str, "Addresses of the servers. Has no value: a trace does not tell it.", "fdlist.sips exists";
    Cports = "fdlist.cports" Str, "Ports of the clients. Has no value: a trace does not tell it.", "fdlist.cports exists";
    Sports = "fdlist.sports" Str, "Ports of the servers. Has no value: a trace does not tell it.", "fdlist.sports exists";
}
