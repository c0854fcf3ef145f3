"""Element order of the CSTA requests (ECMA-323 edition 3, Avaya's extensions, ECMA-354): facts of the schema."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

_ORDER = """
MakeCall: callingDevice calledDirectoryNumber accountCode authCode autoOriginate correlatorData userData
    callCharacteristics mediaCallCharacteristics callingConnectionInfo subjectOfCall languagePreferences extensions
AnswerCall: callToBeAnswered correlatorData userData extensions
ClearConnection: connectionToBeCleared correlatorData userData reason extensions
HoldCall: callToBeHeld connectionReservation extensions
RetrieveCall: callToBeRetrieved extensions
ConsultationCall: existingCall consultedDevice connectionReservation accountCode authCode correlatorData userData
    callCharacteristics mediaCallCharacteristics callingConnectionInfo consultOptions subjectOfCall
    languagePreferences extensions
TransferCall: heldCall activeCall extensions
SingleStepTransferCall: activeCall transferredTo accountCode authCode correlatorData userData subjectOfCall
    languagePreferences reason extensions
DeflectCall: callToBeDiverted newDestination correlatorData userData subjectOfCall languagePreferences reason
    extensions
ReconnectCall: activeCall heldCall extensions
AlternateCall: heldCall activeCall connectionReservation consultOptions extensions
ConferenceCall: heldCall activeCall extensions
GenerateDigits: connectionToSendDigits digitMode charactersToSend toneDuration pulseRate pauseDuration extensions
SetAgentState: device requestedAgentState agentID password group extensions
SetAgentStatePrivateData: workMode reasonCode enablePending
GetAgentState: device acdGroup extensions
MonitorStart: monitorObject requestedMonitorFilter monitorType requestedMonitorMediaClass extensions
requestedMonitorFilter: callcontrol callAssociated mediaAttachment physicalDeviceFeature logicalDeviceFeature
    maintenance voice private
callcontrol: bridged callCleared conferenced connectionCleared delivered digitsDialed diverted established failed
    held networkCapabilitiesChanged networkReached offered originated queued retrieved serviceInitiated transferred
logicalDeviceFeature: agentBusy agentLoggedOn agentLoggedOff agentNotReady agentReady agentWorkingAfterCall
    autoAnswer autoWorkMode callBack callBackMessage callerIDStatus doNotDisturb forwarding routeingMode
maintenance: backInService deviceCapabilityChanged outOfService partiallyInService
AvayaEvents: invertFilter terminal terminalUnregisteredEvent toneDetection toneCollection mediaControl
    callInformation sIPHeader deviceServices physicalDeviceFeaturesPrivateEvents callControlPrivate
    logicalDeviceFeaturePrivate endpointRegistrationStateEvents
SnapshotDevice: snapshotObject extensions
SnapshotCall: snapshotObject extensions
GetThirdPartyDeviceId: switchName extension deviceInstance
SystemRegister: requestTypes requestedStatusFilter extensions
TransferMonitorObjects: fromSessionID toSessionID
StartApplicationSession: applicationInfo requestedProtocolVersions requestedSessionDuration
applicationInfo: applicationID applicationSpecificInfo
SessionLoginInfo: userName password sessionCleanupDelay sessionID
ResetApplicationSessionTimer: sessionID requestedSessionDuration
StopApplicationSession: sessionID sessionEndReason
"""

ORDER = {
    name: children.split()
    for name, _, children in (line.partition(": ") for line in re.sub(r"\n +", " ", _ORDER.strip()).splitlines())
}
"""Names of the children that the schema has, in its order, by element name."""


def out_of_order(message: bytes | ET.Element) -> list[str]:
    """Names of elements whose children are unknown to the schema or stand in another order; empty where all is well."""
    return [
        name
        for element in (ET.fromstring(message) if isinstance(message, bytes) else message).iter()
        if (name := element.tag.rpartition("}")[2]) in ORDER
        and not _is_ordered([child.tag.rpartition("}")[2] for child in element], ORDER[name])
    ]


def _is_ordered(children: list[str], order: list[str]) -> bool:
    places = [order.index(child) if child in order else -1 for child in children]
    return -1 not in places and places == sorted(set(places))
