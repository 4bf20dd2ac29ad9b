# The trace format, version 1, for Kaitai Struct (https://kaitai.io). docs/format.md says what the fields mean, and what a
# reader must check: checksums, hashes, limits and codecs of columns are not said here. What is compressed with zstd or
# encrypted stays bytes; types that such bytes hold when they are decompressed are here too (leaf, index, directory).
meta:
  id: afterimage
  title: Trace of Afterimage, version 1
  file-extension: scap
  license: MIT OR Apache-2.0
  ks-version: 0.11
  endian: le
  bit-endian: le

seq:
  - id: magic
    contents: [0x89, "AFTERIMG", 0x0d, 0x0a, 0x1a]
  - id: version
    type: u4
    valid: 1
  - id: blocks
    type: block_list
    size: len_blocks
  - id: footer
    type: footer
    if: is_sealed

instances:
  len_footer:
    value: 56
  last_bytes:
    pos: "_io.size >= 16 + len_footer ? _io.size - 8 : 0"
    size: 8
  is_sealed:
    doc: A reader checks the checksum of the footer too.
    value: last_bytes == [0x41, 0x46, 0x54, 0x45, 0x52, 0x49, 0x4d, 0x47]
  len_blocks:
    value: "_io.size - 16 - (is_sealed ? len_footer : 0)"

types:
  block_list:
    doc: In a file that was not sealed, the last block may run past the end.
    seq:
      - id: entries
        type: block
        repeat: eos

  block:
    seq:
      - id: tag
        type: str
        size: 4
        encoding: ASCII
      - id: flags
        type: u4
      - id: len_body
        type: u8
      - id: number
        type: u8
      - id: previous
        size: 32
      - id: crc_body
        type: u4
      - id: crc_header
        type: u4
      - id: body
        size: len_body
        type:
          switch-on: "flags == 0 ? tag : '?'"
          cases:
            '"HEAD"': head
            '"CUST"': custody
            '"SEGM"': segment
            '"ATCH"': attachment
            '"LEAF"': packed
            '"INDX"': packed
            '"SIGN"': sign
    instances:
      is_encrypted:
        value: (flags & 1) != 0

  footer:
    seq:
      - id: index
        type: u8
      - id: root
        size: 32
      - id: reserved
        contents: [0, 0, 0, 0]
      - id: crc
        type: u4
      - id: magic
        contents: "AFTERIMG"

  packed:
    doc: A leaf or an index; compressed unless both lengths are equal.
    seq:
      - id: len_raw
        type: u4
      - id: stored
        size-eos: true

  # Metadata

  integer:
    seq:
      - id: first
        type: u1
        valid:
          max: 253
      - id: wide
        if: first > 250
        type:
          switch-on: first
          cases:
            251: u2
            252: u4
            253: u8
    instances:
      value:
        value: "first > 250 ? wide : first"

  text:
    doc: Text (UTF-8) or bytes.
    seq:
      - id: len
        type: integer
      - id: value
        size: len.value

  optional_text:
    seq:
      - id: is_there
        type: u1
        valid:
          max: 1
      - id: value
        type: text
        if: is_there == 1

  optional_integer:
    seq:
      - id: is_there
        type: u1
        valid:
          max: 1
      - id: value
        type: integer
        if: is_there == 1

  text_pair:
    seq:
      - id: items
        type: text
        repeat: expr
        repeat-expr: 2

  text_triple:
    seq:
      - id: items
        type: text
        repeat: expr
        repeat-expr: 3

  optional_text_triple:
    seq:
      - id: is_there
        type: u1
        valid:
          max: 1
      - id: value
        type: text_triple
        if: is_there == 1

  text_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: text
        repeat: expr
        repeat-expr: len.value

  text_pair_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: text_pair
        repeat: expr
        repeat-expr: len.value

  byte_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: u1
        repeat: expr
        repeat-expr: len.value

  integer_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: integer
        repeat: expr
        repeat-expr: len.value

  # HEAD

  head:
    seq:
      - id: len
        type: integer
      - id: fields
        type: head_fields
        size: len.value

  head_fields:
    doc: Fields that an older writer did not know are missing at the end of a record.
    seq:
      - id: capture_id
        size: 16
        if: not _io.eof
      - id: host
        type: host
        if: not _io.eof
      - id: clock
        type: clock
        if: not _io.eof
      - id: recorder
        type: text
        if: not _io.eof
      - id: scope
        type: text
        if: not _io.eof
      - id: snaplen
        type: integer
        if: not _io.eof
      - id: tags
        type: text_pair_list
        if: not _io.eof
      - id: degraded
        type: text_list
        if: not _io.eof
      - id: series
        type: series
        if: not _io.eof
      - id: profile
        type: text
        if: not _io.eof
      - id: filter
        type: text
        if: not _io.eof
      - id: redactions
        type: text_list
        if: not _io.eof
      - id: accounts
        type: accounts
        if: not _io.eof

  host:
    seq:
      - id: len
        type: integer
      - id: fields
        type: host_fields
        size: len.value

  host_fields:
    seq:
      - id: hostname
        type: text
        if: not _io.eof
      - id: machine_id
        type: text
        if: not _io.eof
      - id: boot_id
        type: text
        if: not _io.eof
      - id: kernel
        type: text
        if: not _io.eof
      - id: arch
        type: text
        if: not _io.eof
      - id: cpus
        type: integer
        if: not _io.eof

  clock:
    seq:
      - id: len
        type: integer
      - id: fields
        type: clock_fields
        size: len.value

  clock_fields:
    seq:
      - id: boottime
        type: integer
        if: not _io.eof
      - id: realtime
        type: integer
        if: not _io.eof

  series:
    seq:
      - id: len
        type: integer
      - id: fields
        type: series_fields
        size: len.value

  series_fields:
    seq:
      - id: number
        type: integer
        if: not _io.eof
      - id: previous
        size: 32
        if: not _io.eof
      - id: previous_name
        type: text
        if: not _io.eof

  # CUST

  custody:
    seq:
      - id: len
        type: integer
      - id: fields
        type: custody_fields
        size: len.value

  custody_fields:
    seq:
      - id: time
        type: integer
        if: not _io.eof
      - id: action
        type: text
        if: not _io.eof
      - id: tool
        type: text
        if: not _io.eof
      - id: user
        type: text
        if: not _io.eof
      - id: host
        type: text
        if: not _io.eof
      - id: source
        type: optional_source
        if: not _io.eof
      - id: note
        type: text
        if: not _io.eof

  optional_source:
    seq:
      - id: is_there
        type: u1
        valid:
          max: 1
      - id: value
        type: source
        if: is_there == 1

  source:
    seq:
      - id: len
        type: integer
      - id: fields
        type: source_fields
        size: len.value

  source_fields:
    seq:
      - id: capture_id
        size: 16
        if: not _io.eof
      - id: root
        size: 32
        if: not _io.eof
      - id: file
        size: 32
        if: not _io.eof
      - id: name
        type: text
        if: not _io.eof
      - id: verdict
        type: text
        if: not _io.eof

  # ATCH

  attachment:
    seq:
      - id: len_told
        type: u4
      - id: told
        type: attachment_head
        size: len_told
      - id: content
        size-eos: true

  attachment_head:
    seq:
      - id: len
        type: integer
      - id: fields
        type: attachment_head_fields
        size: len.value

  attachment_head_fields:
    seq:
      - id: name
        type: text
        if: not _io.eof
      - id: media_type
        type: text
        if: not _io.eof
      - id: size
        type: integer
        if: not _io.eof
      - id: hash
        size: 32
        if: not _io.eof
      - id: storing
        type: integer
        doc: "0 plain, 1 zstd, 2 nothing, for an earlier block has the same content, 3 else"
        if: not _io.eof

  # SIGN

  sign:
    seq:
      - id: len
        type: integer
      - id: fields
        type: sign_fields
        size: len.value

  sign_fields:
    seq:
      - id: capture_id
        size: 16
        if: not _io.eof
      - id: signatures
        type: signature_list
        if: not _io.eof

  signature_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: signature
        repeat: expr
        repeat-expr: len.value

  signature:
    seq:
      - id: len
        type: integer
      - id: fields
        type: signature_fields
        size: len.value

  signature_fields:
    seq:
      - id: algorithm
        type: integer
        doc: "0 else, 1 Ed25519"
        if: not _io.eof
      - id: key
        size: 32
        if: not _io.eof
      - id: signature
        type: text
        if: not _io.eof
      - id: comment
        type: text
        if: not _io.eof

  # LEAF, decompressed

  leaf:
    seq:
      - id: len
        type: integer
      - id: fields
        type: leaf_fields
        size: len.value

  leaf_fields:
    seq:
      - id: entries
        type: leaf_entry_list
        if: not _io.eof

  leaf_entry_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: leaf_entry
        repeat: expr
        repeat-expr: len.value

  leaf_entry:
    seq:
      - id: len
        type: integer
      - id: fields
        type: leaf_entry_fields
        size: len.value

  leaf_entry_fields:
    seq:
      - id: offset
        type: integer
        if: not _io.eof
      - id: length
        type: integer
        if: not _io.eof
      - id: hash
        size: 32
        if: not _io.eof
      - id: zone
        type: zone
        if: not _io.eof

  zone:
    seq:
      - id: len
        type: integer
      - id: fields
        type: zone_fields
        size: len.value

  zone_fields:
    seq:
      - id: first_num
        type: integer
        if: not _io.eof
      - id: rows
        type: integer
        if: not _io.eof
      - id: time_min
        type: integer
        if: not _io.eof
      - id: time_max
        type: integer
        if: not _io.eof
      - id: kinds
        type: kind_count_list
        if: not _io.eof
      - id: containers
        type: container_count_list
        if: not _io.eof
      - id: loss_records
        type: integer
        if: not _io.eof
      - id: loss_events
        type: integer
        if: not _io.eof
      - id: keyframe
        type: u1
        if: not _io.eof
      - id: pids
        type: integer_list
        if: not _io.eof
      - id: incomplete
        type: integer
        if: not _io.eof

  kind_count_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: kind_count
        repeat: expr
        repeat-expr: len.value

  kind_count:
    seq:
      - id: len
        type: integer
      - id: fields
        type: kind_count_fields
        size: len.value

  kind_count_fields:
    seq:
      - id: name
        type: text
        if: not _io.eof
      - id: events
        type: integer
        if: not _io.eof
      - id: errors
        type: integer
        if: not _io.eof

  container_count_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: container_count
        repeat: expr
        repeat-expr: len.value

  container_count:
    seq:
      - id: len
        type: integer
      - id: fields
        type: container_count_fields
        size: len.value

  container_count_fields:
    seq:
      - id: key
        type: integer
        if: not _io.eof
      - id: events
        type: integer
        if: not _io.eof

  # INDX, decompressed

  index:
    seq:
      - id: len
        type: integer
      - id: fields
        type: index_fields
        size: len.value

  index_fields:
    seq:
      - id: groups
        type: group_list
        if: not _io.eof
      - id: summary
        type: summary
        if: not _io.eof
      - id: attachments
        type: attachment_entry_list
        if: not _io.eof
      - id: custody
        type: integer_list
        if: not _io.eof

  group_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: group
        repeat: expr
        repeat-expr: len.value

  group:
    seq:
      - id: len
        type: integer
      - id: fields
        type: group_fields
        size: len.value

  group_fields:
    seq:
      - id: offset
        type: integer
        if: not _io.eof
      - id: length
        type: integer
        if: not _io.eof
      - id: hash
        size: 32
        if: not _io.eof
      - id: start
        type: integer
        if: not _io.eof
      - id: segments
        type: integer
        if: not _io.eof
      - id: rows
        type: integer
        if: not _io.eof
      - id: first_num
        type: integer
        if: not _io.eof
      - id: time_min
        type: integer
        if: not _io.eof
      - id: time_max
        type: integer
        if: not _io.eof
      - id: kinds
        type: kind_count_list
        if: not _io.eof
      - id: containers
        type: container_count_list
        if: not _io.eof
      - id: loss_records
        type: integer
        if: not _io.eof
      - id: loss_events
        type: integer
        if: not _io.eof
      - id: keyframes
        type: integer
        if: not _io.eof
      - id: incomplete
        type: integer
        if: not _io.eof

  summary:
    seq:
      - id: len
        type: integer
      - id: fields
        type: summary_fields
        size: len.value

  summary_fields:
    seq:
      - id: end
        type: integer
        if: not _io.eof
      - id: reason
        type: text
        if: not _io.eof
      - id: losses
        type: loss_list
        if: not _io.eof
      - id: containers
        type: container_list
        if: not _io.eof
      - id: next_name
        type: text
        if: not _io.eof
      - id: accounts
        type: accounts
        if: not _io.eof

  accounts:
    seq:
      - id: len
        type: integer
      - id: fields
        type: accounts_fields
        size: len.value

  accounts_fields:
    seq:
      - id: users
        type: user_list
        if: not _io.eof
      - id: groups
        type: user_group_list
        if: not _io.eof

  user_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: user
        repeat: expr
        repeat-expr: len.value

  user:
    seq:
      - id: len
        type: integer
      - id: fields
        type: user_fields
        size: len.value

  user_fields:
    seq:
      - id: uid
        type: integer
        if: not _io.eof
      - id: gid
        type: integer
        if: not _io.eof
      - id: name
        type: text
        if: not _io.eof
      - id: home
        type: text
        if: not _io.eof
      - id: shell
        type: text
        if: not _io.eof
      - id: container
        type: integer
        if: not _io.eof

  user_group_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: user_group
        repeat: expr
        repeat-expr: len.value

  user_group:
    seq:
      - id: len
        type: integer
      - id: fields
        type: user_group_fields
        size: len.value

  user_group_fields:
    seq:
      - id: gid
        type: integer
        if: not _io.eof
      - id: name
        type: text
        if: not _io.eof
      - id: container
        type: integer
        if: not _io.eof

  attachment_entry_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: attachment_entry
        repeat: expr
        repeat-expr: len.value

  attachment_entry:
    seq:
      - id: len
        type: integer
      - id: fields
        type: attachment_entry_fields
        size: len.value

  attachment_entry_fields:
    seq:
      - id: name
        type: text
        if: not _io.eof
      - id: media_type
        type: text
        if: not _io.eof
      - id: size
        type: integer
        if: not _io.eof
      - id: hash
        size: 32
        if: not _io.eof
      - id: offset
        type: integer
        if: not _io.eof
      - id: length
        type: integer
        if: not _io.eof

  loss_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: loss
        repeat: expr
        repeat-expr: len.value

  loss:
    seq:
      - id: len
        type: integer
      - id: fields
        type: loss_fields
        size: len.value

  loss_fields:
    seq:
      - id: cause
        type: integer
        doc: "0 ring full, 1 ring busy, 2 scope table full, 3 undecodable record, 4 write failed, 5 damage, 6 else"
        if: not _io.eof
      - id: cpu
        type: optional_integer
        if: not _io.eof
      - id: events
        type: integer
        if: not _io.eof
      - id: from
        type: integer
        if: not _io.eof
      - id: to
        type: integer
        if: not _io.eof

  container_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: container
        repeat: expr
        repeat-expr: len.value

  container:
    seq:
      - id: len
        type: integer
      - id: fields
        type: container_fields
        size: len.value

  container_fields:
    seq:
      - id: key
        type: integer
        if: not _io.eof
      - id: full_id
        type: text
        if: not _io.eof
      - id: runtime
        type: integer
        doc: "0 runc, 1 docker, 2 containerd, 3 cri, 4 cri-o, 5 podman, 6 else"
        if: not _io.eof
      - id: cgroup_id
        type: integer
        if: not _io.eof
      - id: cgroup
        type: text
        if: not _io.eof
      - id: birth
        type: integer
        if: not _io.eof
      - id: death
        type: integer
        if: not _io.eof
      - id: first
        type: integer
        if: not _io.eof
      - id: last
        type: integer
        if: not _io.eof
      - id: events
        type: integer
        if: not _io.eof
      - id: name
        type: optional_text
        if: not _io.eof
      - id: image
        type: optional_text
        if: not _io.eof
      - id: pod
        type: optional_text_triple
        if: not _io.eof
      - id: labels
        type: text_pair_list
        if: not _io.eof
      - id: told
        type: told
        if: not _io.eof
      - id: processes
        type: integer
        if: not _io.eof
      - id: kube
        type: kube
        if: not _io.eof

  kube:
    seq:
      - id: len
        type: integer
      - id: fields
        type: kube_fields
        size: len.value

  kube_fields:
    seq:
      - id: owners
        type: owner_list
        if: not _io.eof
      - id: node
        type: text
        if: not _io.eof
      - id: node_labels
        type: text_pair_list
        if: not _io.eof
      - id: missing
        type: text
        if: not _io.eof
      - id: execs
        type: kube_exec_list
        if: not _io.eof

  owner_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: owner
        repeat: expr
        repeat-expr: len.value

  owner:
    seq:
      - id: len
        type: integer
      - id: fields
        type: owner_fields
        size: len.value

  owner_fields:
    seq:
      - id: kind
        type: text
        if: not _io.eof
      - id: name
        type: text
        if: not _io.eof
      - id: uid
        type: text
        if: not _io.eof

  kube_exec_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: kube_exec
        repeat: expr
        repeat-expr: len.value

  kube_exec:
    seq:
      - id: len
        type: integer
      - id: fields
        type: kube_exec_fields
        size: len.value

  kube_exec_fields:
    seq:
      - id: pid
        type: integer
        if: not _io.eof
      - id: start
        type: integer
        if: not _io.eof
      - id: missing
        type: text
        if: not _io.eof
      - id: user
        type: text
        if: not _io.eof
      - id: groups
        type: text_list
        if: not _io.eof
      - id: impersonated
        type: text
        if: not _io.eof
      - id: source_ips
        type: text_list
        if: not _io.eof
      - id: audit_id
        type: text
        if: not _io.eof
      - id: time
        type: integer
        if: not _io.eof
      - id: command
        type: text_list
        if: not _io.eof

  told:
    seq:
      - id: len
        type: integer
      - id: fields
        type: told_fields
        size: len.value

  told_fields:
    seq:
      - id: source
        type: text
        if: not _io.eof
      - id: missing
        type: text
        if: not _io.eof
      - id: image_id
        type: optional_text
        if: not _io.eof
      - id: image_digest
        type: optional_text
        if: not _io.eof
      - id: env
        type: text_list
        if: not _io.eof
      - id: mounts
        type: mount_list
        if: not _io.eof
      - id: privileged
        type: optional_integer
        if: not _io.eof
      - id: capabilities
        type: text_list
        if: not _io.eof
      - id: network
        type: optional_text
        if: not _io.eof
      - id: ips
        type: text_list
        if: not _io.eof
      - id: created
        type: integer
        if: not _io.eof
      - id: started
        type: integer
        if: not _io.eof
      - id: finished
        type: integer
        if: not _io.eof
      - id: exit_code
        type: optional_integer
        if: not _io.eof
      - id: oom_killed
        type: optional_integer
        if: not _io.eof
      - id: restarts
        type: optional_integer
        if: not _io.eof
      - id: is_sandbox
        type: integer
        if: not _io.eof
      - id: sandbox_id
        type: text
        if: not _io.eof
      - id: pod_labels
        type: text_pair_list
        if: not _io.eof
      - id: pod_ip
        type: optional_text
        if: not _io.eof

  mount_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: mount
        repeat: expr
        repeat-expr: len.value

  mount:
    seq:
      - id: len
        type: integer
      - id: fields
        type: mount_fields
        size: len.value

  mount_fields:
    seq:
      - id: source
        type: text
        if: not _io.eof
      - id: dest
        type: text
        if: not _io.eof
      - id: mode
        type: text
        if: not _io.eof
      - id: writable
        type: integer
        if: not _io.eof
      - id: propagation
        type: text
        if: not _io.eof

  # SEGM

  segment:
    seq:
      - id: len_directory
        type: u4
      - id: len_raw_directory
        type: u4
      - id: crc_directory
        type: u4
      - id: stored_directory
        size: len_directory
      - id: frames
        doc: One behind the other; the directory says how long each is.
        size-eos: true

  directory:
    seq:
      - id: len
        type: integer
      - id: fields
        type: directory_fields
        size: len.value

  directory_fields:
    doc: Decompressed.
    seq:
      - id: zone
        type: zone
        if: not _io.eof
      - id: kinds
        type: kind_list
        if: not _io.eof
      - id: tables
        type: byte_list
        if: not _io.eof
      - id: keys
        type: integer_list
        if: not _io.eof
      - id: fields
        type: integer_list
        if: not _io.eof
      - id: codecs
        type: byte_list
        if: not _io.eof
      - id: rows
        type: integer_list
        if: not _io.eof
      - id: frames
        type: integer_list
        if: not _io.eof
      - id: lengths
        type: integer_list
        if: not _io.eof
      - id: stored
        type: integer_list
        if: not _io.eof
      - id: raw
        type: integer_list
        if: not _io.eof
      - id: crc
        type: integer_list
        if: not _io.eof

  kind_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: kind
        repeat: expr
        repeat-expr: len.value

  kind:
    seq:
      - id: len
        type: integer
      - id: fields
        type: kind_fields
        size: len.value

  kind_fields:
    seq:
      - id: name
        type: text
        if: not _io.eof
      - id: category
        type: integer
        doc: see docs/format.md
        if: not _io.eof
      - id: syscall
        type: optional_integer
        if: not _io.eof
      - id: params
        type: param_list
        if: not _io.eof

  param_list:
    seq:
      - id: len
        type: integer
      - id: items
        type: param
        repeat: expr
        repeat-expr: len.value

  param:
    seq:
      - id: len
        type: integer
      - id: fields
        type: param_fields
        size: len.value

  param_fields:
    seq:
      - id: name
        type: text
        if: not _io.eof
      - id: type
        type: integer
        doc: "below 64 integers, from 64 byte strings; see docs/format.md"
        if: not _io.eof
      - id: constants
        type: integer
        doc: what the integers stand for, 0 for nothing more than the type says; see docs/format.md
        if: not _io.eof
