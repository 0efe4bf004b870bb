/**
 * Numbers of the Linux kernel interface that this room uses, named as in the kernel's headers.
 * All but the epoll event layout (see epoll.ts) are the same on x86-64 and arm64.
 */

// socket(2)
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

// Levels of setsockopt(2) and of control messages
export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_UDP = 17;
export const SOL_IPV6 = 41;

// Options and control messages
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_RXQ_OVFL = 40;
export const SO_MEMINFO = 55;
export const SK_MEMINFO_DROPS = 8;
export const SK_MEMINFO_WORDS = 9;
export const IP_PKTINFO = 8;
export const IP_RECVERR = 11;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

// Flags of send and receive calls
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_WAITFORONE = 0x10000;

// fcntl(2)
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const O_NONBLOCK = 0x800;

// mmap(2)
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_PRIVATE = 0x02;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_FIXED_NOREPLACE = 0x10_0000;
export const PAGE_BYTES = 4096;

// epoll(7), eventfd(2)
export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLLET = 0x80000000;
export const EFD_CLOEXEC = 0x80000;
export const EFD_NONBLOCK = 0x800;

// getrlimit(2)
export const RLIMIT_NOFILE = 7;

/** Most buffers that one message may gather: UIO_MAXIOV. */
export const MAX_IOVECS = 1024;
/** Most bytes of one UDP datagram over IPv4, and of all segments of one UDP_SEGMENT send. */
export const MAX_UDP_PAYLOAD_BYTES = 65_507;

// prctl(2)
export const PR_SET_TIMERSLACK = 29;

/** System calls that are made by number. Those added since Linux 5.1 have the same one on every processor. */
export const SYS_EPOLL_PWAIT2 = 441;

/** Of waitpid(2): answers 0 where the process is not dead. */
export const WNOHANG = 1;
