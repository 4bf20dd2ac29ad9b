//! capture
mod probe;
fn main() {
    let mut specs = vec![afterimage_abi::Spec{recorded:1,args:6,..Default::default()};512];
    specs[59].enter=1; specs[59].extracts=[1,0,0];
    specs[1].extracts=[afterimage_abi::extract::pack(2,1,0),0,0];
    specs[257].extracts=[afterimage_abi::extract::pack(1,1,0),0,0];
    specs[42].extracts=[afterimage_abi::extract::pack(4,1,2),8,0];
    let r = probe::Probe::load(&probe::Settings{scope: afterimage_abi::ScopeMode::All, snaplen:80, specs});
    match r { Err(e)=>println!("{e:#}"), Ok(mut p)=>{ p.attach().unwrap(); std::thread::sleep(std::time::Duration::from_secs(1));
      let rings=p.rings();
      for c in 0..rings.cpus() { println!("{c}: {} {:?}", rings.published(c), rings.counters(c)); let mut pos=0; for _ in 0..20 { if pos<rings.published(c) { let r=rings.record(c,pos); println!("{} {:?}", r.len(), String::from_utf8_lossy(&r[40..])); pos+=r.len() as u64; } } }
    } }
}
