//! `fd`.

use super::define::class;

class! {
    /// The descriptor that the event works on: a file, a socket, a pipe.
    FdField, Fd, "fd";
    Num = "fd.num" Int, "Number of the descriptor.", "fd.num = 0";
    Type = "fd.type" Str, "Kind of descriptor: file, directory, ipv4, ipv6, unix, pipe, event and so on.", "fd.type = ipv4";
    TypeChar = "fd.typechar" Str, "The kind as one letter: f file, 4 and 6 sockets, u unix socket, p pipe and so on.", "fd.typechar = f";
    Name = "fd.name" Str, "Path of the file, or both ends of the connection.", "fd.name startswith /etc";
    NameMissing = "fd.name.missing" Str, "Why it is not known what the descriptor is.", "fd.name.missing exists";
    Directory = "fd.directory" Str, "Directory of the file.", "fd.directory = /etc";
    Filename = "fd.filename" Str, "Name of the file without its directory.", "fd.filename = passwd";
    NameRaw = "fd.nameraw" Str, "The path as the caller gave it, or else `fd.name`.", "fd.nameraw contains ..";
    Types = "fd.types" Str, "`fd.type`; of calls that wait for several, that of the first.", "fd.types = ipv4";
    Uid = "fd.uid" Str, "Thread id and number, one behind the other: different for every descriptor of a moment.", "fd.uid = 47115";
    ContainerName = "fd.containername" Str, "`container.id` and `fd.name` with a colon between them.", "fd.containername startswith host:/etc";
    ContainerDirectory = "fd.containerdirectory" Str, "`container.id` and `fd.directory` with a colon between them.", "fd.containerdirectory = host:/etc";
    Ip = "fd.ip" Ip many Sides, "Address of either end.", "fd.ip = 10.0.0.1";
    Cip = "fd.cip" Ip, "Address of the client.", "fd.cip = 10.0.0.1";
    Sip = "fd.sip" Ip, "Address of the server.", "fd.sip = 10.0.0.1";
    Lip = "fd.lip" Ip, "Address of the near end.", "fd.lip = 10.0.0.1";
    Rip = "fd.rip" Ip, "Address of the far end.", "fd.rip != 127.0.0.0/8";
    Port = "fd.port" Uint many Sides, "Port of either end.", "fd.port in (80, 443)";
    Cport = "fd.cport" Uint, "Port of the client.", "fd.cport > 1023";
    Sport = "fd.sport" Uint, "Port of the server.", "fd.sport = 443";
    Lport = "fd.lport" Uint, "Port of the near end.", "fd.lport = 8080";
    Rport = "fd.rport" Uint, "Port of the far end.", "fd.rport = 4444";
    Proto = "fd.proto" Str many Sides, "Usual service at the port of either end, such as `https`; the number where there is none.", "fd.proto in (http, https)";
    Cproto = "fd.cproto" Str, "Usual service at the port of the client.", "fd.cproto exists";
    Sproto = "fd.sproto" Str, "Usual service at the port of the server.", "fd.sproto = ssh";
    Lproto = "fd.lproto" Str, "Usual service at the port of the near end.", "fd.lproto = http";
    Rproto = "fd.rproto" Str, "Usual service at the port of the far end.", "fd.rproto = domain";
    CipName = "fd.cip.name" Str, "Name of the client's address. Has no value: a trace does not tell it.", "fd.cip.name exists";
    SipName = "fd.sip.name" Str, "Name of the server's address. Has no value: a trace does not tell it.", "fd.sip.name exists";
    LipName = "fd.lip.name" Str, "Name of the near address. Has no value: a trace does not tell it.", "fd.lip.name exists";
    RipName = "fd.rip.name" Str, "Name of the far address. Has no value: a trace does not tell it.", "fd.rip.name exists";
    Connected = "fd.connected" Bool, "Whether the socket has another end.", "fd.connected = true";
    NameChanged = "fd.name_changed" Bool, "Whether the event gave the socket another end: a connect, or something sent with an address.", "fd.name_changed = true";
    Net = "fd.net" Ip many Sides, "Address of either end, to compare with networks.", "fd.net = 10.0.0.0/8";
    Cnet = "fd.cnet" Ip, "Address of the client, to compare with networks.", "fd.cnet = 10.0.0.0/8";
    Snet = "fd.snet" Ip, "Address of the server, to compare with networks.", "fd.snet in (10.0.0.0/8, 192.168.0.0/16)";
    Lnet = "fd.lnet" Ip, "Address of the near end, to compare with networks.", "fd.lnet = 10.0.0.0/8";
    Rnet = "fd.rnet" Ip, "Address of the far end, to compare with networks.", "fd.rnet = 10.0.0.0/8";
    L4Proto = "fd.l4proto" Str, "Protocol of the socket: tcp, udp, icmp or raw.", "fd.l4proto = tcp";
    SockFamily = "fd.sockfamily" Str, "`ip` or `unix`.", "fd.sockfamily = ip";
    IsServer = "fd.is_server" Bool, "Whether the process is the server of the connection.", "fd.is_server = true";
    Dev = "fd.dev" Uint, "Number of the device that holds the file.", "fd.dev = 0x801";
    DevMajor = "fd.dev.major" Uint, "Major number of that device.", "fd.dev.major = 8";
    DevMinor = "fd.dev.minor" Uint, "Minor number of that device.", "fd.dev.minor = 1";
    Ino = "fd.ino" Uint, "Number of the inode.", "fd.ino = 123456";
}
