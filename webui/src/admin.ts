// The elements of the administration.

import { AuditElement } from "./admin/audit.ts";
import { DevicesElement } from "./admin/devices.ts";
import { FactoriesElement } from "./admin/factories.ts";
import { FirmwareElement } from "./admin/firmware.ts";
import { NotificationsElement } from "./admin/notifications.ts";
import { RequestsElement } from "./admin/requests.ts";
import { StorageElement } from "./admin/storage.ts";
import { SystemElement } from "./admin/system.ts";
import { UsersElement } from "./admin/users.ts";

customElements.define("cs-admin-audit", AuditElement);
customElements.define("cs-admin-devices", DevicesElement);
customElements.define("cs-admin-factories", FactoriesElement);
customElements.define("cs-admin-firmware", FirmwareElement);
customElements.define("cs-admin-notifications", NotificationsElement);
customElements.define("cs-admin-requests", RequestsElement);
customElements.define("cs-admin-storage", StorageElement);
customElements.define("cs-admin-system", SystemElement);
customElements.define("cs-admin-users", UsersElement);
