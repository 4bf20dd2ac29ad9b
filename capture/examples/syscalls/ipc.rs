//! System V IPC, message queues, futexes.

use super::{Done, at, c, call, p, shown, to};

pub(crate) fn run(out: &mut Done) {
    let shm = call(libc::SYS_shmget, &[0, 4096, 0o1600]);
    out.say(format!("shmget res={shm} key=0 size=4096 shmflg=896(IPC_CREAT|0600)"));
    let place = call(libc::SYS_shmat, &[shm, 0, 0o10000]);
    out.say(format!(
        "shmat res={place} shmid={shm} addr=0x0 shmflg=4096(SHM_RDONLY)"
    ));
    call(libc::SYS_shmdt, &[place]);
    out.say(format!("shmdt res=0 addr={place:#x}"));
    call(libc::SYS_shmctl, &[shm, 0, 0]);
    out.say(format!("shmctl res=0 shmid={shm} cmd=0(IPC_RMID)"));
    let sem = call(libc::SYS_semget, &[0, 2, 0o1600]);
    out.say(format!("semget res={sem} key=0 nsems=2 semflg=896(IPC_CREAT|0600)"));
    call(libc::SYS_semctl, &[sem, 1, 16, 5]);
    out.say(format!("semctl res=0 semid={sem} semnum=1 cmd=16(SETVAL) val=5"));
    let operations = [0u16, 1, 0, 1, -1i16 as u16, 0o4000];
    call(libc::SYS_semop, &[sem, at(&operations), 2]);
    out.say(format!(
        "semop res=0 nsops=2 sem_num_0=0 sem_op_0=1 sem_flg_0=0(0) sem_num_1=1 sem_op_1=-1 sem_flg_1=2048(IPC_NOWAIT) \
         semid={sem}"
    ));
    call(libc::SYS_semctl, &[sem, 0, 0, 0]);
    let queue = call(libc::SYS_msgget, &[0, 0o1600]);
    out.say(format!("msgget res={queue} key=0 msgflg=896(IPC_CREAT|0600)"));
    let message = [7u64, 0x4142];
    call(libc::SYS_msgsnd, &[queue, at(&message), 2, 0o4000]);
    out.say(format!(
        "msgsnd res=0 msqid={queue} type=7 size=2 msgflg=2048(IPC_NOWAIT)"
    ));
    let mut received = [0u64; 8];
    call(libc::SYS_msgrcv, &[queue, to(&mut received), 56, 7, 0]);
    out.say(format!("msgrcv res=2 msqid={queue} size=56 type=7 msgflg=0(0000)"));
    call(libc::SYS_msgctl, &[queue, 0, 0]);
    out.say(format!("msgctl res=0 msqid={queue} cmd=0(IPC_RMID)"));
    let name = c("afterimage-no-such-queue");
    let result = shown(call(libc::SYS_mq_open, &[p(&name), 0, 0, 0]));
    out.say(format!(
        "mq_open fd={result} name=afterimage-no-such-queue flags=0(O_RDONLY) mode=0000"
    ));
    let result = shown(call(libc::SYS_mq_unlink, &[p(&name)]));
    out.say(format!("mq_unlink res={result} name=afterimage-no-such-queue"));
    let result = shown(call(libc::SYS_mq_timedsend, &[900, at(b"text"), 4, 1, 0]));
    out.say(format!(
        "mq_timedsend res={result} fd=900 data=text size=4 prio=1 timeout=<NA>"
    ));
    let result = shown(call(libc::SYS_mq_timedreceive, &[900, to(&mut received), 64, 0, 0]));
    out.say(format!(
        "mq_timedreceive res={result} fd=900 data=<NA> size=64 prio=<NA> timeout=<NA>"
    ));
    let word = 1u32;
    call(libc::SYS_futex, &[at(&word), 129, 7, 0, 0, 0]);
    out.say(format!(
        "futex res=0 addr={:#x} op=129(FUTEX_WAKE|FUTEX_PRIVATE_FLAG) val=7",
        at(&word)
    ));
}
