"""Assembles the attachment service from the settings: its store, its scanner and its limits."""

from services.intake.attachments.kinds import AttachmentLimits
from services.intake.attachments.scanning import scanner_at
from services.intake.attachments.service import AttachmentService
from services.intake.attachments.stores import FolderStore, NoStore, Store
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool


def attachment_service(settings: IntakeSettings, pool: Pool) -> AttachmentService:
    """The attachment service of these settings."""
    limits = AttachmentLimits(settings.attachment_max_picture, settings.attachment_max_file)
    return AttachmentService(
        pool, _store(settings), scanner_at(settings.clamav), limits, settings.attachment_max_pixels
    )


def _store(settings: IntakeSettings) -> Store:
    if settings.attachments_s3_url:
        from services.intake.attachments.bucket import S3Store  # slow to import, and few need it

        return S3Store(
            settings.attachments_s3_url,
            settings.attachments_s3_key_id,
            settings.attachments_s3_secret.get_secret_value(),
            settings.attachments_s3_region,
        )
    return FolderStore(settings.attachments_folder) if settings.attachments_folder else NoStore()
