"""The modules of Asterisk that the bench loads, named one by one: fewer libraries to fetch, and a start in a second."""

from __future__ import annotations

from typing import Final

# The rest refuse to load before these, in this order, when automatic loading is off.
_FIRST: Final = """
    res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto res_timing_timerfd res_speech
    res_pjsip res_pjsip_pubsub res_pjsip_session res_rtp_asterisk res_musiconhold
    """

_REST: Final = """
    app_queue app_dial app_stack app_userevent app_verbose app_playback app_originate app_attended_transfer
    app_blind_transfer app_bridgewait app_bridgeaddchan app_channelredirect app_confbridge app_directed_pickup app_echo
    app_mixmonitor app_read app_senddtmf app_transfer app_controlplayback app_chanspy app_exec app_if app_while
    app_cdr app_db app_playtones app_milliwatt app_softhangup app_sendtext bridge_builtin_features
    bridge_builtin_interval_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix cdr_csv
    cel_manager chan_pjsip chan_bridge_media codec_a_mu codec_alaw codec_ulaw codec_gsm codec_resample codec_g722
    format_gsm format_pcm format_sln format_wav func_callerid func_cdr func_channel func_cut func_db func_devstate
    func_dialplan func_env func_extstate func_global func_groupcount func_hangupcause func_holdintercept func_logic
    func_math func_md5 func_module func_pjsip_aor func_pjsip_contact func_pjsip_endpoint func_periodic_hook func_rand
    func_strings func_sysinfo func_timeout func_uri func_version func_volume func_base64 func_json func_sprintf
    pbx_config res_clioriginate res_convert res_limit
    res_manager_devicestate res_manager_presencestate res_mutestream
    res_pjsip_acl res_pjsip_authenticator_digest res_pjsip_caller_id res_pjsip_dialog_info_body_generator
    res_pjsip_diversion res_pjsip_dlg_options res_pjsip_dtmf_info res_pjsip_empty_info
    res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
    res_pjsip_exten_state res_pjsip_header_funcs res_pjsip_logger res_pjsip_messaging res_pjsip_mwi
    res_pjsip_mwi_body_generator res_pjsip_nat res_pjsip_notify res_pjsip_outbound_authenticator_digest
    res_pjsip_outbound_publish res_pjsip_outbound_registration res_pjsip_path res_pjsip_pidf_body_generator
    res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326 res_pjsip_rfc3329 res_pjsip_sdp_rtp
    res_pjsip_sips_contact res_pjsip_xpidf_body_generator res_security_log res_sorcery_memory_cache
    res_timing_pthread
    """

MODULES: Final[tuple[str, ...]] = (*_FIRST.split(), *_REST.split())
