/* vc_counters.h - every counter of the engine, named once; a drop is named for its reason. */
#ifndef VC_COUNTERS_H
#define VC_COUNTERS_H

#define VC_COUNTERS(X)                                                                                       \
    X(rx_datagrams)            /* everything read from the sockets */                                        \
    X(tx_datagrams)            /* sent by the media thread */                                                \
    X(bursts_sent)             /* messages of several video packets to one receiver, among tx_datagrams each */\
    X(bursts_refused)          /* the kernel would not cut: sent one by one */                               \
    X(forwarded)               /* RTP packets handed to the sockets, one per receiver */                     \
    X(silence_sent)            /* the last frame of a stretch that was cut off, ours */                       \
    X(looked_back)             /* RTP packets of just before a slot was given, one per receiver */           \
    X(rtp_received)            /* authenticated */                                                           \
    X(rtcp_received)           /* authenticated compounds */                                                 \
    X(rtcp_sent)                                                                                             \
    X(rtcp_sr_received)                                                                                      \
    X(rtcp_report_blocks)      /* that name one of our slots */                                              \
    X(rtcp_byes)                                                                                             \
    X(rtcp_feedback)           /* NACK, PLI and the like */                                                  \
    X(nacked)                  /* packets of ours that listeners missed */                                   \
    X(resent)                  /* of these, sent again */                                                    \
    X(redundant)               /* RTP packets of voice that carried earlier ones, one per receiver */        \
    X(redundancy_made)         /* payloads of such packets, one for all receivers */                         \
    X(losses_told)             /* to Python */                                                               \
    X(missed)                  /* packets asked of publishers, each time */                                  \
    X(twcc_received)           /* such feedback of viewers */                                                \
    X(probes_sent)             /* clusters of padding, to see what a path carries */                         \
    X(padding_sent)            /* packets of them */                                                          \
    X(estimates_doubted)       /* lowered, since nobody told of what was sent */                             \
    X(estimates_restarted)     /* since media goes another way */                                            \
    X(estimates_told)          /* to Python */                                                               \
    X(remb_sent)               /* how much a publisher may send */                                           \
    X(remb_received)           /* how much a viewer takes, by its own words */                               \
    X(twcc_sent)               /* transport-wide feedback packets */                                         \
    X(recovered)               /* of these, those that came */                                               \
    X(video_forwarded)         /* the same of video */                                                       \
    X(layers_switched)         /* slots of video that were given another layer */                            \
    X(keyframes_asked)         /* of publishers */                                                           \
    X(keyframe_requests)       /* of viewers: PLI and FIR */                                                 \
    X(rollovers)               /* streams whose packets up to where their numbers went around were lost */     \
    X(ssrcs_learnt)            /* that named themselves by MID, RID or payload type */                       \
    X(probes)                  /* packets of no stream, sent to measure bandwidth */                         \
    X(rtcp_other)                                                                                            \
    X(stun_to_python)                                                                                        \
    X(dtls_to_python)                                                                                        \
    X(flows_opened)            /* TCP connections */                                                         \
    X(flows_closed)                                                                                          \
    X(flow_frames)             /* read from them, among rx_datagrams */                                      \
    X(flow_frames_sent)                                                                                      \
    X(tuple_moves)                                                                                           \
    X(commands)                                                                                              \
    X(commands_refused)                                                                                      \
    X(drop_empty)                                                                                            \
    X(drop_oversize)                                                                                         \
    X(drop_short)                                                                                            \
    X(drop_not_ours)           /* a first byte of no protocol we speak */                                    \
    X(drop_bad_source)         /* port 0, multicast, link-local */                                           \
    X(drop_stun_malformed)     /* or no Binding request */                                                   \
    X(drop_stun_unknown_ufrag)                                                                               \
    X(drop_stun_source_rate)                                                                                 \
    X(drop_stun_total_rate)                                                                                  \
    X(drop_stun_peer_rate)                                                                                   \
    X(drop_dtls_unknown_tuple)                                                                               \
    X(drop_dtls_rate)                                                                                        \
    X(drop_media_unknown_tuple)                                                                              \
    X(drop_no_keys)            /* SRTP before DTLS is done */                                                \
    X(drop_rtp_malformed)                                                                                    \
    X(drop_rtp_unknown_ssrc)                                                                                 \
    X(drop_rtp_too_many_ssrcs) /* of one peer */                                                             \
    X(drop_rtp_wrong_pt)                                                                                     \
    X(drop_rtp_bad_padding)                                                                                  \
    X(drop_rtp_rate)           /* more audio than anyone speaks */                                           \
    X(drop_video_rate)         /* more than the layer's limit */                                             \
    X(drop_video_malformed)    /* a descriptor that is cut off */                                            \
    X(drop_before_keyframe)    /* a viewer could not begin with it */                                        \
    X(drop_keyframe_request)   /* one is on its way, it is for nothing of ours, or it was heeded before */   \
    X(drop_rtcp_malformed)                                                                                   \
    X(drop_rtcp_too_many_ssrcs)                                                                              \
    X(drop_auth)               /* forged, or under other keys */                                             \
    X(drop_replay)                                                                                           \
    X(drop_srtp_other)                                                                                       \
    X(drop_muted)                                                                                            \
    X(drop_no_receiver)                                                                                      \
    X(drop_receiver_deaf)                                                                                    \
    X(drop_receiver_not_ready) /* no keys or no address yet */                                               \
    X(drop_old_stretch)        /* from before a switch, a mute or a pause */                                 \
    X(drop_number_used)        /* late, and under its number something was sent */                           \
    X(drop_nack_unknown)       /* asks for what was never sent, or is forgotten */                           \
    X(drop_nack_early)         /* the last copy may still be on its way, or there were enough */             \
    X(drop_nack_budget)        /* resending would take more than a quarter of what is sent */                \
    X(drop_nack_flood)         /* more items than one datagram may ask for */                                \
    X(drop_twcc_malformed)                                                                                   \
    X(drop_twcc_unknown)       /* about packets that were not sent, or are forgotten */                      \
    X(drop_twcc_flood)         /* more than one datagram may hold */                                         \
    X(drop_remb_malformed)                                                                                   \
    X(drop_protect)                                                                                          \
    X(drop_send_full)          /* the socket's buffer; audio is never queued */                              \
    X(drop_send_error)                                                                                       \
    X(drop_flow_full)          /* a TCP client is slower than what it is sent */                             \
    X(drop_flow_video_full)    /* the same of video */                                                       \
    X(drop_flow_gone)          /* sent to a TCP connection that had just ended */                            \
    X(drop_flow_stranger)      /* many frames before a check was authenticated: closed */                    \
    X(drop_flow_bad_length)    /* a frame of 0 or too many bytes: its connection is closed */                \
    X(drop_ring_full)                                                                                        \
    X(receive_errors)

#define VC_AS_ENUM(name) VC_C_##name,
typedef enum { VC_COUNTERS(VC_AS_ENUM) VC_COUNTER_COUNT } vc_counter;
#undef VC_AS_ENUM
#endif
